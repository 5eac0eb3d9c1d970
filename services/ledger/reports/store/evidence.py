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
                   SELECT slot, seq, book_date,
                          CAST(SUM(debit_fen) - SUM(credit_fen) AS bigint) AS net_fen
                     FROM entry
                    WHERE slot = h.slot AND account = :account
                      AND book_date BETWEEN :first AND :last
                      AND (CAST(:fund AS text) IS NULL OR fund = :fund)
                    GROUP BY slot, seq, book_date
                   HAVING SUM(debit_fen) <> SUM(credit_fen)
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


_ENTRIES = """
            SELECT e.slot, e.seq, e.line, e.book, e.fund, e.account, e.book_date, e.debit_fen,
                   e.credit_fen
              FROM slot_head AS h
             CROSS JOIN unnest(CAST(:accounts AS text[])) AS a (account)
             CROSS JOIN LATERAL (
                   SELECT slot, seq, line, book, fund, account, book_date, debit_fen, credit_fen
                     FROM entry
                    WHERE slot = h.slot AND account = a.account
                      AND book_date BETWEEN :first AND :last) AS e"""


async def detail_sums(
    tx: AsyncConnection, accounts: Sequence[str], days: tuple[date, date]
) -> dict[Key, tuple[int, int]]:
    """Return (book, fund, account) → debits and credits of the entries of some days."""
    rows = await tx.execute(
        text(f"""
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
    """Count the entries of some days, their vouchers, and faults between them."""
    rows = await tx.execute(
        text(f"""
            WITH mine AS MATERIALIZED ({_ENTRIES}
            ), by_voucher AS (
            SELECT slot, seq, COUNT(*) AS entries, MAX(line) AS last_line,
                   MIN(book_date) AS first_day, MAX(book_date) AS last_day
              FROM mine
             GROUP BY slot, seq
            ), unbalanced AS (
            SELECT DISTINCT slot, seq
              FROM (SELECT slot, seq
                      FROM mine
                     GROUP BY slot, seq, book, fund
                    HAVING SUM(debit_fen) <> SUM(credit_fen)) AS out_of_balance
            )
            SELECT COALESCE(SUM(b.entries), 0) AS entries, COUNT(v.seq) AS vouchers,
                   COALESCE(SUM(b.entries) FILTER (WHERE v.seq IS NULL), 0) AS orphans,
                   COUNT(*) FILTER (WHERE v.book_date <> b.first_day
                                       OR v.book_date <> b.last_day) AS misdated,
                   COUNT(*) FILTER (WHERE b.entries <> b.last_line) AS reshaped,
                   (SELECT COUNT(*) FROM unbalanced) AS unbalanced
              FROM by_voucher AS b
              LEFT JOIN voucher AS v ON v.slot = b.slot AND v.seq = b.seq
        """),
        {"accounts": list(accounts), "first": days[0], "last": days[1]},
    )
    row = rows.one()
    return VoucherFacts(**{name: int(value) for name, value in row._mapping.items()})
