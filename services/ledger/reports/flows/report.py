"""The statutory reports of a fund. Each is read in one snapshot, so that its parts agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.domain.balance import Sum, minus, nets
from services.ledger.reports.domain.general_ledger import GeneralRow
from services.ledger.reports.domain.general_ledger import general_ledger as general_ledger_of
from services.ledger.reports.domain.span import Span
from services.ledger.reports.domain.statement import BalanceSheet, IncomeStatement
from services.ledger.reports.domain.statement import balance_sheet as balance_sheet_of
from services.ledger.reports.domain.statement import income_statement as income_statement_of
from services.ledger.reports.flows import entry as entry_flow
from services.ledger.reports.flows.known_at import catalogue as known_catalogue
from services.ledger.reports.flows.known_at import places
from services.ledger.reports.store import entry as entry_store
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.entry import EntryQuery, EntryRow
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Account, Catalogue, Fund
from services.ledger.rules.domain.closing_rule import Level, last_day
from shared import clock
from shared.cursor import BadCursor
from shared.entry import Book
from shared.errors import Fault, Faulty, Kind, NotFound, Refusal

EXPORT_LINES_MAX = 50_000
"""Most lines of one export; for more, narrow the query."""

Body = TypeVar("Body")


class TooLong(Refusal):
    """内容过多,请按分中心或更短期间分开导出 (too long for one export: narrow the query)"""

    kind = Kind.TOO_LARGE
    code = "REPORT_TOO_LONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """A report of one fund over a month ("2021-07") or a year ("2021").

    `known_at` names an earlier moment whose books are reported; None is now.
    """

    fund: str
    period: str
    book: str = Book.STATUTORY.value
    district: str | None = None
    known_at: str | None = None


@dataclass(frozen=True, slots=True)
class FundReport(Generic[Body]):
    """A report with the fund and the days it covers."""

    fund: Fund
    span: Span
    body: Body


@dataclass(frozen=True, slots=True)
class DetailPage:
    """A page of a detail ledger. Its balances are debits minus credits."""

    account: Account
    book: str
    district: str | None
    opening_net_fen: int
    """The balance before the page's first line."""
    lines: list[EntryRow]
    closing_net_fen: int
    """The balance after the page's last line."""
    next_cursor: str | None


def span_of(period: str) -> Span:
    """Return the days of "2021-07" or "2021".

    Raises:
        Faulty: not such a period, or one that has not begun.
    """
    level = Level.YEAR if len(period) == 4 else Level.MONTH
    span = Span.of(period, last_day(level, period))
    if span.first > clock.today():
        message = "期间尚未开始 (the period has not begun)"
        raise Faulty(faults=[Fault("/query/period", "PERIOD_NOT_BEGUN", message)])
    return span


def fund_on(catalogue: Catalogue, code: str, day: date) -> Fund:
    """Return a fund as it is on a day.

    Raises:
        NotFound: there is no such fund on that day.
    """
    fund = catalogue.fund(code, day)
    if fund is None:
        raise NotFound(fund=code)
    return fund


async def general_ledger(
    tx: AsyncConnection, catalogue: Catalogue, query: ReportQuery
) -> FundReport[list[GeneralRow]]:
    """Read the general ledger (总账) of a fund and book.

    Raises:
        Faulty, NotFound: no such period, fund or moment.
    """
    chart, fund, span, window = await _begin(tx, catalogue, query)
    window = replace(window, book=query.book, district=query.district)
    return FundReport(fund, span, await general_rows(tx, chart, span, window))


async def balance_sheet(
    tx: AsyncConnection, catalogue: Catalogue, query: ReportQuery
) -> FundReport[BalanceSheet]:
    """Read the balance sheet (资产负债表) of a fund.

    Raises:
        Faulty, NotFound: no such period, fund or moment.
    """
    chart, fund, span, window = await _begin(tx, catalogue, query)
    return FundReport(fund, span, await sheet(tx, chart, span, window))


async def income_statement(
    tx: AsyncConnection, catalogue: Catalogue, query: ReportQuery
) -> FundReport[IncomeStatement]:
    """Read the statement of income and expense (收支表) of a fund.

    Raises:
        Faulty, NotFound: no such period, fund or moment.
    """
    chart, fund, span, window = await _begin(tx, catalogue, query)
    return FundReport(fund, span, await statement(tx, chart, span, window))


async def _begin(
    tx: AsyncConnection, catalogue: Catalogue, query: ReportQuery
) -> tuple[Catalogue, Fund, Span, Window]:
    """Freeze the transaction and resolve the chart, fund, days and entries that count."""
    span = span_of(query.period)
    await report_store.freeze(tx)
    chart = await known_catalogue(tx, catalogue, query.known_at)
    fund = fund_on(chart, query.fund, span.last)
    return chart, fund, span, Window(fund=query.fund, known_at=await places(tx, query.known_at))


async def general_rows(
    tx: AsyncConnection, catalogue: Catalogue, span: Span, window: Window
) -> list[GeneralRow]:
    """Read the rows of the general ledger: opening, movements of the span and year, closing.

    `window` gives the fund, book, district and known entries; its days are replaced by the span's.
    """
    opening, moved, year = [
        await report_store.sums_between(tx, replace(window, from_day=first, to_day=last))
        for first, last in (
            (date.min, span.eve),
            (span.first, span.last),
            (span.year_first, span.last),
        )
    ]
    return general_ledger_of(catalogue, span.last, opening, moved, year)


async def sheet(
    tx: AsyncConnection, catalogue: Catalogue, span: Span, window: Window
) -> BalanceSheet:
    """Compute the balance sheet at the end of a span and at the beginning of its year."""
    window = replace(window, book=Book.STATUTORY.value)
    first, second = [
        nets(await report_store.sums_between(tx, replace(window, from_day=date.min, to_day=day)))
        for day in (span.year_eve, span.last)
    ]
    return balance_sheet_of(catalogue, span.last, first, second)


async def statement(
    tx: AsyncConnection, catalogue: Catalogue, span: Span, window: Window
) -> IncomeStatement:
    """Compute income and expense of a span and its year to date, without carry-overs."""
    window = replace(window, book=Book.STATUTORY.value)
    carried = await past_store.carry_over_seqs(tx)

    async def moved(first: date) -> list[Sum]:
        days = replace(window, from_day=first, to_day=span.last)
        sums = await report_store.sums_between(tx, days)
        return minus(sums, await report_store.sums_of_vouchers(tx, carried, days))

    async def net_at(day: date) -> dict[str, int]:
        return nets(
            await report_store.sums_between(tx, replace(window, from_day=date.min, to_day=day))
        )

    return income_statement_of(
        catalogue,
        span.last,
        (nets(await moved(span.first)), nets(await moved(span.year_first))),
        (await net_at(span.eve), await net_at(span.year_eve)),
        await net_at(span.last),
    )


# --- detail ledger -------------------------------------------------------------------------


async def detail_page(
    tx: AsyncConnection,
    catalogue: Catalogue,
    query: ReportQuery,
    account_key: str,
    cursor: str | None,
    limit: int,
) -> FundReport[DetailPage]:
    """Read a page of the detail ledger (明细账) of one fund and account, in book order.

    Raises:
        Faulty: no such period.
        NotFound: no such fund or account.
        BadCursor: not a cursor of this query.
    """
    span = span_of(query.period)
    fund = fund_on(catalogue, query.fund, span.last)
    account = catalogue.described(account_key, span.last)
    if account is None:
        raise NotFound(account=account_key)
    await report_store.freeze(tx)
    entries = EntryQuery(
        account=account_key,
        fund=query.fund,
        book=account.book.value,
        district=query.district,
        from_day=span.first,
        to_day=span.last,
    )
    filters = entry_flow.filters_of(entries)
    after = entry_flow.read_key(cursor, filters)
    if after is not None and not span.first <= after.day <= span.last:
        raise BadCursor
    opening_fen = await entry_store.net_before(tx, entries, after)
    rows = await entry_store.page(tx, entries, after, limit + 1)
    lines, next_cursor = entry_flow.cut_page(rows, limit, filters)
    closing_fen = opening_fen + sum(line.debit_fen - line.credit_fen for line in lines)
    page = DetailPage(
        account=account,
        book=account.book.value,
        district=query.district,
        opening_net_fen=opening_fen,
        lines=lines,
        closing_net_fen=closing_fen,
        next_cursor=next_cursor,
    )
    return FundReport(fund, span, page)


async def whole_detail(
    tx: AsyncConnection, catalogue: Catalogue, query: ReportQuery, account_key: str
) -> FundReport[DetailPage]:
    """Read a whole detail ledger for a file.

    Raises:
        TooLong: more lines than one file may hold.
        Faulty, NotFound: as `detail_page`.
    """
    report = await detail_page(tx, catalogue, query, account_key, None, EXPORT_LINES_MAX)
    if report.body.next_cursor is not None:
        raise TooLong(lines=f">{EXPORT_LINES_MAX}")
    return report
