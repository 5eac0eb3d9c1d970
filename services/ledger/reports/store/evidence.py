"""Entries and vouchers that the bank adjustment table and the four agreements compare."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.reports.domain.agreement import Key, VoucherFacts
from services.ledger.reports.domain.bank_adjustment import BookItem


async def bank_items(
    tx: AsyncConnection,
    account: str,
    fund: str | None,
    days: tuple[date, date],
    limit: int,
) -> list[BookItem]:
    """Return each voucher's effect on a deposit account in a window; zero effects are left out."""
    rows = await tx.execute(
        text("""
            SELECT e.slot, e.seq, e.book_date, e.net_fen, v.value_date, v.summary, v.event_id,
                   CAST(v.refs AS text) AS refs, v.reverses_seq
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT slot, seq, day AS book_date, CAST(SUM(net_fen) AS bigint) AS net_fen
                     FROM posting
                    WHERE slot = h.slot AND account = :account
                      AND day BETWEEN :first AND :last
                      AND (CAST(:fund AS text) IS NULL OR fund = :fund)
                    GROUP BY slot, seq, day
                   HAVING SUM(net_fen) <> 0
                    LIMIT :limit) AS e
              JOIN voucher AS v ON v.slot = e.slot AND v.seq = e.seq
             ORDER BY e.book_date, e.slot, e.seq
             LIMIT :limit
        """),
        {"account": account, "fund": fund, "first": days[0], "last": days[1], "limit": limit},
    )
    return [_item(row) for row in rows]


def _item(row: Any) -> BookItem:
    reverses = row.reverses_seq
    marks = {str(value) for value in orjson.loads(row.refs).values()}
    return BookItem(
        voucher=voucher_id(row.slot, row.seq),
        day=row.book_date,
        value_day=row.value_date,
        amount_fen=row.net_fen,
        summary=row.summary,
        marks=frozenset(marks | {row.event_id}),
        reverses=None if reverses is None else voucher_id(row.slot, reverses),
    )


_POSTINGS = """
            SELECT p.slot, p.seq, p.book, p.fund, p.account, p.district, p.day, p.net_fen
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT slot, seq, book, fund, account, district, day, net_fen
                     FROM posting
                    WHERE slot = h.slot AND account = ANY(CAST(:accounts AS text[]))
                      AND day BETWEEN :first AND :last) AS p"""
_ENTRIES = """
            SELECT e.slot, e.seq, e.book, e.fund, e.account, e.district, e.book_date, e.debit_fen,
                   e.credit_fen
              FROM (SELECT DISTINCT slot, seq FROM posted) AS p
              JOIN entry AS e ON e.slot = p.slot AND e.seq = p.seq
             WHERE e.account = ANY(CAST(:accounts AS text[]))"""


async def detail_sums(
    tx: AsyncConnection, accounts: Sequence[str], days: tuple[date, date]
) -> dict[Key, tuple[int, int]]:
    """Return (book, fund, account) → debits and credits of the entries of some days."""
    rows = await tx.execute(
        text(f"""
            WITH posted AS MATERIALIZED ({_POSTINGS})
            SELECT book, fund, account, CAST(SUM(debit_fen) AS bigint) AS debit_fen,
                   CAST(SUM(credit_fen) AS bigint) AS credit_fen
              FROM ({_ENTRIES}) AS mine
             GROUP BY book, fund, account
        """),
        {"accounts": list(accounts), "first": days[0], "last": days[1]},
    )
    return {(r.book, r.fund, r.account): (r.debit_fen, r.credit_fen) for r in rows}


async def voucher_facts(
    tx: AsyncConnection, accounts: Sequence[str], days: tuple[date, date]
) -> VoucherFacts:
    """Count the entries of some days, their vouchers, and faults between postings and vouchers."""
    rows = await tx.execute(
        text(f"""
            WITH posted AS MATERIALIZED ({_POSTINGS}
            ), mine AS MATERIALIZED ({_ENTRIES}
            ), by_voucher AS (
            SELECT slot, seq, MIN(day) AS first_day, MAX(day) AS last_day
              FROM posted
             GROUP BY slot, seq
            ), reshaped AS (
            SELECT DISTINCT slot, seq
              FROM (SELECT slot, seq, book, fund, account, district, net_fen FROM posted
                     UNION ALL
                    SELECT slot, seq, book, fund, account, district, credit_fen - debit_fen
                      FROM mine) AS both_sides
             GROUP BY slot, seq, book, fund, account, district
            HAVING SUM(net_fen) <> 0
            ), unbalanced AS (
            SELECT DISTINCT slot, seq
              FROM mine
             GROUP BY slot, seq, book, fund
            HAVING SUM(debit_fen) <> SUM(credit_fen)
            )
            SELECT (SELECT COUNT(*) FROM mine) AS entries, COUNT(v.seq) AS vouchers,
                   COUNT(*) FILTER (WHERE v.seq IS NULL) AS orphans,
                   COUNT(*) FILTER (WHERE v.book_date <> b.first_day
                                       OR v.book_date <> b.last_day) AS misdated,
                   (SELECT COUNT(*) FROM reshaped JOIN voucher USING (slot, seq)) AS reshaped,
                   (SELECT COUNT(*) FROM unbalanced) AS unbalanced
              FROM by_voucher AS b
              LEFT JOIN voucher AS v ON v.slot = b.slot AND v.seq = b.seq
        """),
        {"accounts": list(accounts), "first": days[0], "last": days[1]},
    )
    row = rows.one()
    return VoucherFacts(**{name: int(value) for name, value in row._mapping.items()})
