"""The statutory reports: what each reads, and in one transaction, so that its parts agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.domain.balance import Sum
from services.ledger.reports.domain.statement import (
    BalanceSheet,
    GeneralRow,
    IncomeStatement,
    Span,
    balance_sheet,
    general_ledger,
    income_statement,
    minus,
    nets,
)
from services.ledger.reports.store import detail as detail_store
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.detail import DetailKey, DetailLine, DetailQuery
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Account, Catalogue, Fund
from services.ledger.rules.domain.closing_rule import Level, last_day
from shared.cursor import BadCursor, read_cursor, write_cursor
from shared.entry import Book
from shared.errors import Kind, NotFound, Refusal

EXPORT_LINES_MAX = 50_000
"""Lines that one export may hold; beyond it, narrow the question."""


class TooLong(Refusal):
    """内容过多,请按分中心或更短期间分开导出 (too long to export at once: narrow it)"""

    kind = Kind.TOO_LARGE
    code = "REPORT_TOO_LONG"


def span_of(period: str) -> Span:
    """The days of "2021-07" or "2021".

    Raises:
        Faulty: not such a period.
    """
    level = Level.YEAR if len(period) == 4 else Level.MONTH
    return Span.of(period, last_day(level, period))


def fund_on(catalogue: Catalogue, code: str, day: date) -> Fund:
    """A fund as it is on a day.

    Raises:
        NotFound: no such fund that day.
    """
    fund = catalogue.fund(code, day)
    if fund is None:
        raise NotFound(fund=code)
    return fund


async def general(
    tx: AsyncConnection, catalogue: Catalogue, span: Span, window: Window
) -> list[GeneralRow]:
    """总账 of a span: opening, movements of the span and of the year, closing of every account.

    `window` says which fund, book, district and what is known; its days are the span's.
    """
    opening, moved, year = [
        await report_store.sums_between(tx, replace(window, from_day=first, to_day=last))
        for first, last in (
            (date.min, span.eve),
            (span.first, span.last),
            (span.year_first, span.last),
        )
    ]
    return general_ledger(catalogue, span.last, opening, moved, year)


async def sheet(
    tx: AsyncConnection, catalogue: Catalogue, span: Span, window: Window
) -> BalanceSheet:
    """资产负债表 at the end of a span, beside the beginning of its year."""
    window = replace(window, book=Book.STATUTORY.value)
    first, second = [
        nets(await report_store.sums_between(tx, replace(window, from_day=date.min, to_day=day)))
        for day in (span.year_eve, span.last)
    ]
    return balance_sheet(catalogue, span.last, first, second)


async def statement(
    tx: AsyncConnection, catalogue: Catalogue, span: Span, window: Window
) -> IncomeStatement:
    """收支表 of a span and of its year to date, carry-overs left out."""
    window = replace(window, book=Book.STATUTORY.value)
    carried = await past_store.carry_over_seqs(tx)

    async def moved(first: date) -> list[Sum]:
        days = replace(window, from_day=first, to_day=span.last)
        sums = await report_store.sums_between(tx, days)
        return minus(sums, await report_store.sums_of_vouchers(tx, carried, days))

    async def at(day: date) -> dict[str, int]:
        return nets(
            await report_store.sums_between(tx, replace(window, from_day=date.min, to_day=day))
        )

    return income_statement(
        catalogue,
        span.last,
        (nets(await moved(span.first)), nets(await moved(span.year_first))),
        (await at(span.eve), await at(span.year_eve)),
        await at(span.last),
    )


# --- detail ledger -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Detail:
    """A page of a detail ledger: balances on the account's normal side are the reader's to sign."""

    account: Account
    opening_net_fen: int
    """Debits minus credits before the page's first line."""
    lines: list[DetailLine]
    closing_net_fen: int
    """Debits minus credits after the page's last line."""
    next_cursor: str | None


async def detail(
    tx: AsyncConnection,
    catalogue: Catalogue,
    span: Span,
    query: DetailQuery,
    cursor: str | None,
    limit: int,
) -> Detail:
    """明细账 of one fund and account over a span: lines in the order of the books.

    Raises:
        NotFound: no such account.
        BadCursor: not a cursor of this query.
    """
    account = catalogue.described(query.account, span.last)
    if account is None:
        raise NotFound(account=query.account)
    filters = {
        "account": query.account,
        "fund": query.fund,
        "book": query.book,
        "district": query.district,
        "span": span.label,
    }
    after = _after(cursor, filters, span)
    opening_fen = await detail_store.net_before(tx, query, span.first, after)
    lines = await detail_store.page(tx, query, span.first, span.last, after, limit + 1)
    more, lines = len(lines) > limit, lines[:limit]
    closing_fen = opening_fen + sum(line.debit_fen - line.credit_fen for line in lines)
    next_cursor = None
    if more:
        last = lines[-1]
        next_cursor = write_cursor(
            [last.book_date.isoformat(), last.slot, last.seq, last.line], filters
        )
    return Detail(account, opening_fen, lines, closing_fen, next_cursor)


def _after(cursor: str | None, filters: dict[str, str | None], span: Span) -> DetailKey | None:
    if cursor is None:
        return None
    day, slot, seq, line = read_cursor(cursor, filters, (str, int, int, int))
    try:
        key = DetailKey(date.fromisoformat(day), slot, seq, line)
    except ValueError:
        raise BadCursor from None
    if slot >= 2**15 or line >= 2**15 or not span.first <= key.day <= span.last:
        raise BadCursor
    return key
