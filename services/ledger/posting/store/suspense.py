"""SQL of suspense by receipt: what is open of it, and what refund orders hold of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from typing import Any, TypeAlias

import asyncpg

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.suspense import SuspenseKey
from shared.entry import Account

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def lock(connection: Connection, receipts: Sequence[str]) -> None:
    """Let nobody else take from the suspense of receipts, in any slot, until the transaction ends."""
    await connection.execute(
        """
        INSERT INTO suspense_turn (receipt, turn)
        SELECT receipt, 1
          FROM unnest($1::text[]) AS one (receipt)
         ORDER BY receipt
            ON CONFLICT (receipt) DO UPDATE SET turn = suspense_turn.turn + 1
        """,
        sorted(set(receipts)),
    )


async def open_of(connection: Connection, receipts: Sequence[str]) -> dict[SuspenseKey, int]:
    """Return (receipt, fund, district) → fen in suspense, over all slots and days.

    The receipts' own vouchers are found by an index, then their reversals, which name no receipt.
    Each limit makes the planner look up one voucher at a time, however old its statistics are. Slot
    after slot, since such a limit is one of a single server.
    """
    found: dict[SuspenseKey, int] = defaultdict(int)
    for row in await _moved(connection, receipts):
        found[row["receipt"], row["fund"], row["district"]] += row["moved_fen"]
    return dict(found)


async def least_of(
    connection: Connection, receipts: Sequence[str], day: date
) -> dict[SuspenseKey, int]:
    """Return (receipt, fund, district) → the least fen in suspense at the end of a day or a later one."""
    by_day: dict[SuspenseKey, dict[date, int]] = defaultdict(lambda: {day: 0})
    for row in await _moved(connection, receipts):
        sums = by_day[row["receipt"], row["fund"], row["district"]]
        on = max(day, row["book_date"])
        sums[on] = sums.get(on, 0) + row["moved_fen"]
    return {
        key: min(accumulate(fen for _, fen in sorted(sums.items()))) for key, sums in by_day.items()
    }


async def _moved(connection: Connection, receipts: Sequence[str]) -> list[asyncpg.Record]:
    """Read what moved in the suspense of receipts on each day, slot after slot."""
    slots = await connection.fetch("SELECT slot FROM slot_head ORDER BY slot")
    return [row for (slot,) in slots for row in await _moved_in(connection, slot, receipts)]


async def _moved_in(
    connection: Connection, slot: int, receipts: Sequence[str]
) -> Sequence[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(
        """
        WITH own AS MATERIALIZED (
             SELECT v.slot, v.seq, named.receipt
               FROM unnest($2::text[]) AS named (receipt)
              CROSS JOIN LATERAL (
                    SELECT slot, seq
                      FROM voucher
                     WHERE slot = $3 AND refs ->> 'receipt' = named.receipt
                     LIMIT 100000) AS v),
             mine AS MATERIALIZED (
             SELECT slot, seq, receipt FROM own
              UNION ALL
             SELECT red.slot, red.seq, own.receipt
               FROM own
              CROSS JOIN LATERAL (
                    SELECT slot, seq
                      FROM voucher
                     WHERE slot = $3 AND reverses_seq = own.seq
                       AND refs ->> 'receipt' IS NULL
                     LIMIT 100000) AS red)
        SELECT mine.receipt, e.fund, e.district, e.book_date,
               CAST(SUM(e.credit_fen - e.debit_fen) AS bigint) AS moved_fen
          FROM mine
         CROSS JOIN LATERAL (
               SELECT fund, account, district, book_date, debit_fen, credit_fen
                 FROM entry
                WHERE slot = $3 AND seq = mine.seq
                LIMIT 100000) AS e
         WHERE e.account = $1
         GROUP BY mine.receipt, e.fund, e.district, e.book_date
        """,
        Account.SUSPENSE_RECEIPTS,
        sorted(set(receipts)),
        slot,
    )
    return rows


async def held_of(connection: Connection, receipts: Sequence[str]) -> dict[SuspenseKey, int]:
    """Return (receipt, fund, district) → fen that open refund orders give back."""
    rows = await connection.fetch(
        """
        SELECT receipt, part ->> 'fund' AS fund, part ->> 'district' AS district,
               CAST(SUM(CAST(part ->> 'amount_fen' AS bigint)) AS bigint) AS held_fen
          FROM refund_order
         CROSS JOIN LATERAL jsonb_array_elements(parts) AS part
         WHERE slot = $1 AND status = 'open' AND receipt = ANY($2::text[])
           AND part ->> 'account' = $3
         GROUP BY 1, 2, 3
        """,
        CENTRE_SLOT,
        list(receipts),
        Account.SUSPENSE_RECEIPTS,
    )
    return {(row["receipt"], row["fund"], row["district"]): row["held_fen"] for row in rows}


async def free_of(connection: Connection, receipts: Sequence[str]) -> dict[SuspenseKey, int]:
    """Return what of receipts is in suspense and not held by a refund order, in fen."""
    found = await open_of(connection, receipts)
    for key, fen in (await held_of(connection, receipts)).items():
        found[key] = found.get(key, 0) - fen
    return found
