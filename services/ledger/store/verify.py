"""What a verification of the books reads: a slot's vouchers in order, and sums to compare."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.voucher import Draft
from services.ledger.store.known import draft_of_rows

_CHUNK = 2_000


async def chain(
    tx: AsyncConnection, slot: int
) -> AsyncIterator[tuple[int, Draft, bytes, bytes, datetime]]:
    """(seq, draft, body hash, hash, recorded at) of every voucher of a slot, in order."""
    after = 0
    while True:
        rows = await _vouchers(tx, slot, after)
        if not rows:
            return
        after = rows[-1]["seq"]
        lines = await _entries(tx, slot, rows[0]["seq"], after)
        for row in rows:
            draft = draft_of_rows(slot, row, lines.get(row["seq"], []))
            yield row["seq"], draft, row["body_hash"], row["hash"], row["recorded_at"]


async def _vouchers(tx: AsyncConnection, slot: int, after: int) -> list[Any]:
    rows = await tx.execute(
        text("""
            SELECT seq, source, event_id, body_hash, owner, kind, book_date, period, value_date,
                   summary, CAST(refs AS text) AS refs, hold, reverses_seq, hash, recorded_at
              FROM voucher
             WHERE slot = :slot AND seq > :after
             ORDER BY seq
             LIMIT :limit
        """),
        {"slot": slot, "after": after, "limit": _CHUNK},
    )
    return list(rows.mappings())


async def _entries(
    tx: AsyncConnection, slot: int, first: int, last: int
) -> dict[int, list[tuple[Any, ...]]]:
    rows = await tx.execute(
        text("""
            SELECT seq, book, fund, account, district, debit_fen, credit_fen
              FROM entry
             WHERE slot = :slot AND seq BETWEEN :first AND :last
             ORDER BY seq, line
        """),
        {"slot": slot, "first": first, "last": last},
    )
    grouped: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(tuple(row[1:]))
    return grouped


async def bucket_differences(tx: AsyncConnection) -> int:
    """How many day buckets differ from the sum of their entries, in any slot."""
    rows = await tx.execute(
        text("""
            SELECT COUNT(*)
              FROM (SELECT slot, book, fund, account, district, book_date AS day,
                           SUM(debit_fen) AS debit_fen, SUM(credit_fen) AS credit_fen
                      FROM entry
                     GROUP BY slot, book, fund, account, district, book_date) AS summed
              FULL JOIN bucket USING (slot, book, fund, account, district, day)
             WHERE summed.debit_fen IS DISTINCT FROM bucket.debit_fen
                OR summed.credit_fen IS DISTINCT FROM bucket.credit_fen
        """)
    )
    return int(rows.scalar_one())
