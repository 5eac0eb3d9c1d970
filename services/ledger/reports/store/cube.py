"""Rows that fill the cube of balances: heads, a slot's buckets, and entries after a position."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, TypeAlias

import asyncpg

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.reports.domain.cube import Cell, Cube, Place, SlotHead

Connection: TypeAlias = "asyncpg.Connection[Any]"

_ORIGIN: Final = date(1970, 1, 1).toordinal()
_PREFETCH: Final = 500
"""Rows of a slot's buckets that are fetched together: one row a place, with all its days."""


async def heads_and_holds(
    connection: Connection, today: date
) -> tuple[Mapping[int, SlotHead], Mapping[str, int]]:
    """Return slot → head of every slot, and fund → fen of pending holds.

    One statement reads both: a hold that a voucher used up is gone where the voucher is counted.
    """
    rows = await connection.fetch(
        """
        SELECT h.slot, h.seq, h.hash, held.fund, held.fen
          FROM slot_head AS h
          LEFT JOIN (SELECT slot, fund, CAST(SUM(remaining_fen) AS bigint) AS fen
                       FROM hold
                      WHERE slot = $1 AND remaining_fen > 0
                        AND (expires_on IS NULL OR expires_on >= $2)
                      GROUP BY slot, fund) AS held ON held.slot = h.slot
         ORDER BY h.slot
         LIMIT 100000
        """,
        CENTRE_SLOT,
        today,
    )
    heads = {slot: SlotHead(seq, sealed) for slot, seq, sealed, _, _ in rows}
    return heads, {fund: fen for _, _, _, fund, fen in rows if fund is not None}


async def add_slot(connection: Connection, cube: Cube, slot: int) -> SlotHead:
    """Add a slot's buckets to a cube and return the slot's head.

    One statement reads both, so that they agree while others post.
    """
    head = None
    async with connection.transaction():
        async for row in connection.cursor(_BUCKETS, slot, prefetch=_PREFETCH):
            head = SlotHead(row["seq"], row["hash"])
            if row["book"] is not None:
                place = Place(row["book"], row["fund"], row["account"], row["district"])
                days = [day + _ORIGIN for day in row["days"]]
                steps = zip(days, row["debits_fen"], row["credits_fen"], strict=True)
                cube.of(place).merge(steps)
    assert head is not None, f"slot {slot} is missing"
    return head


_BUCKETS: Final = """
SELECT h.seq, h.hash, b.book, b.fund, b.account, b.district,
       array_agg(b.day - DATE '1970-01-01' ORDER BY b.day) AS days,
       array_agg(b.debit_fen ORDER BY b.day) AS debits_fen,
       array_agg(b.credit_fen ORDER BY b.day) AS credits_fen
  FROM slot_head AS h
  LEFT JOIN (SELECT slot, book, fund, account, district, day,
                    CAST(SUM(debit_fen) AS bigint) AS debit_fen,
                    CAST(SUM(credit_fen) AS bigint) AS credit_fen
               FROM bucket
              WHERE slot = $1
              GROUP BY slot, book, fund, account, district, day) AS b
    ON b.slot = h.slot
 WHERE h.slot = $1
 GROUP BY h.seq, h.hash, b.book, b.fund, b.account, b.district
"""


async def cells_since(
    connection: Connection, slot: int, after: int, until: int
) -> tuple[bytes | None, list[Cell]]:
    """Sum a slot's entries after one sequence number up to another, by place and day.

    The hash of the chain at the first number comes with them: by it the reader knows that they
    continue what it has. None when there is no such voucher, or none behind it.
    """
    rows = await connection.fetch(
        """
        SELECT book, fund, account, district, book_date,
               CAST(SUM(debit_fen) AS bigint) AS debit_fen,
               CAST(SUM(credit_fen) AS bigint) AS credit_fen,
               (SELECT hash FROM voucher WHERE slot = $1 AND seq = $2) AS sealed
          FROM entry
         WHERE slot = $1 AND seq > $2 AND seq <= $3
         GROUP BY book, fund, account, district, book_date
        """,
        slot,
        after,
        until,
    )
    cells = [
        Cell(
            Place(row["book"], row["fund"], row["account"], row["district"]),
            row["book_date"].toordinal(),
            row["debit_fen"],
            row["credit_fen"],
        )
        for row in rows
    ]
    return (rows[0]["sealed"] if rows else None), cells
