"""Entries of one account, in the order of the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQuery:
    """Which entries: an account, narrowed or not."""

    account: str
    fund: str | None = None
    book: str | None = None
    district: str | None = None
    from_day: date | None = None
    to_day: date | None = None
    left_out: tuple[int, ...] = ()
    """Vouchers of the centre's slot that do not count, by sequence number."""


async def page(
    tx: AsyncConnection, query: EntryQuery, after: tuple[date, int, int, int] | None, limit: int
) -> list[dict[str, Any]]:
    """Entries after a key (day, slot, seq, line), each slot's read from its own index."""
    day, slot, seq, line = after or (date.min, -1, -1, -1)
    rows = await tx.execute(
        text("""
            SELECT e.slot, e.seq, e.line, e.book, e.fund, e.district, e.book_date, e.debit_fen,
                   e.credit_fen, v.kind, v.summary
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT slot, seq, line, book, fund, district, book_date, debit_fen, credit_fen
                     FROM entry
                    WHERE slot = h.slot AND account = :account
                      AND (book_date, seq, line) > (
                          CAST(:day AS date),
                          CASE WHEN h.slot < :after_slot THEN CAST(9223372036854775807 AS bigint)
                               WHEN h.slot = :after_slot THEN CAST(:seq AS bigint)
                               ELSE -1 END,
                          CASE WHEN h.slot = :after_slot THEN CAST(:line AS integer) ELSE -1 END)
                      AND book_date BETWEEN :from_day AND :to_day
                      AND (CAST(:fund AS text) IS NULL OR fund = :fund)
                      AND (CAST(:book AS text) IS NULL OR book = :book)
                      AND (CAST(:district AS text) IS NULL OR district = :district)
                      AND NOT (h.slot = :centre AND seq = ANY(CAST(:left_out AS bigint[])))
                    ORDER BY book_date, seq, line
                    LIMIT :limit) AS e
              JOIN voucher AS v ON v.slot = e.slot AND v.seq = e.seq
             ORDER BY e.book_date, e.slot, e.seq, e.line
             LIMIT :limit
        """),
        {
            "account": query.account,
            "fund": query.fund,
            "book": query.book,
            "district": query.district,
            "from_day": query.from_day or date.min,
            "to_day": query.to_day or date.max,
            "day": day,
            "after_slot": slot,
            "seq": seq,
            "line": line,
            "centre": CENTRE_SLOT,
            "left_out": list(query.left_out),
            "limit": limit,
        },
    )
    return [dict(row._mapping) for row in rows]
