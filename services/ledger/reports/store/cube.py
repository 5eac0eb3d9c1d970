"""Rows that fill the cube of balances: heads, a slot's buckets, and entries after a position."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.reports.domain.cube import Cell, Cube, Place, SlotHead

_ORIGIN = date(1970, 1, 1).toordinal()


async def heads(tx: AsyncConnection) -> dict[int, SlotHead]:
    """Return slot → head, of every slot."""
    rows = await tx.execute(
        text("""
            SELECT slot, seq, hash
              FROM slot_head
             ORDER BY slot
             LIMIT 1024
        """)
    )
    return {row.slot: SlotHead(row.seq, bytes(row.hash)) for row in rows}


async def add_slot(tx: AsyncConnection, cube: Cube, slot: int) -> SlotHead:
    """Add a slot's buckets to a cube and return the slot's head.

    One statement reads both, so that they agree while others post.
    """
    rows = await tx.stream(
        text("""
            SELECT h.seq, h.hash, b.book, b.fund, b.account, b.district,
                   array_agg(b.day - DATE '1970-01-01' ORDER BY b.day) AS days,
                   array_agg(b.debit_fen ORDER BY b.day) AS debits_fen,
                   array_agg(b.credit_fen ORDER BY b.day) AS credits_fen
              FROM slot_head AS h
              LEFT JOIN (SELECT slot, book, fund, account, district, day,
                                CAST(SUM(debit_fen) AS bigint) AS debit_fen,
                                CAST(SUM(credit_fen) AS bigint) AS credit_fen
                           FROM bucket
                          WHERE slot = :slot
                          GROUP BY slot, book, fund, account, district, day) AS b
                ON b.slot = h.slot
             WHERE h.slot = :slot
             GROUP BY h.seq, h.hash, b.book, b.fund, b.account, b.district
        """),
        {"slot": slot},
    )
    head = None
    async for row in rows:
        head = SlotHead(row.seq, bytes(row.hash))
        if row.book is not None:
            place = Place(row.book, row.fund, row.account, row.district)
            days = [day + _ORIGIN for day in row.days]
            cube.of(place).merge(days, row.debits_fen, row.credits_fen)
    assert head is not None, f"slot {slot} is missing"
    return head


async def cells_since(
    tx: AsyncConnection, slot: int, after: int, until: int
) -> tuple[bytes | None, list[Cell]]:
    """Sum a slot's entries after one sequence number up to another, by place and day.

    The hash of the chain at the first number comes with them: by it the reader knows that they
    continue what it has. None when there is no such voucher, or none behind it.
    """
    rows = await tx.execute(
        text("""
            SELECT book, fund, account, district, book_date,
                   CAST(SUM(debit_fen) AS bigint) AS debit_fen,
                   CAST(SUM(credit_fen) AS bigint) AS credit_fen,
                   (SELECT hash FROM voucher WHERE slot = :slot AND seq = :after) AS sealed
              FROM entry
             WHERE slot = :slot AND seq > :after AND seq <= :until
             GROUP BY book, fund, account, district, book_date
        """),
        {"slot": slot, "after": after, "until": until},
    )
    sealed: bytes | None = None
    cells = []
    for row in rows:
        sealed = row.sealed
        cells.append(
            Cell(
                Place(row.book, row.fund, row.account, row.district),
                row.book_date.toordinal(),
                row.debit_fen,
                row.credit_fen,
            )
        )
    return None if sealed is None else bytes(sealed), cells
