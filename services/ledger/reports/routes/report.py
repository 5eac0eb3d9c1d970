"""Doors of the statutory books and reports: JSON to follow, CSV, XLSX and HTML to keep and print."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.routes.door import json_answer
from services.ledger.common.schemas import CONTENT, Format, answer
from services.ledger.posting.flows import voucher as voucher_flow
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.domain.balance import Trial
from services.ledger.reports.flows import balance as balance_flow
from services.ledger.reports.flows import report as report_flow
from services.ledger.reports.flows.known_at import catalogue as known_catalogue
from services.ledger.reports.flows.known_at import places
from services.ledger.reports.routes.balance import KnownAt
from services.ledger.reports.schemas import report as report_shapes
from services.ledger.reports.schemas import statement as statement_shapes
from services.ledger.reports.schemas.agreement import PERIOD
from services.ledger.reports.schemas.voucher_print import (
    VoucherPrintOut,
    print_sheets,
    voucher_print,
)
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.detail import DetailQuery
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Catalogue, Fund
from shared import clock
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX
from shared.door import Door, door
from shared.entry import Book
from shared.roles import Right
from shared.schema import Code
from shared.wire.ledger import AccountKey

router = APIRouter(tags=["report"])

Reading = Annotated[Door, door(Right.READ_LEDGER)]
FundCode = Annotated[Code, Query(examples=["pension"])]
PeriodText = Annotated[
    str, Query(pattern=PERIOD, examples=["2021-07"], description="2021-07 月 · 2021 年")
]
How = Annotated[Format, Query(alias="format", description="json · csv · xlsx · html")]
FILES: dict[int | str, dict[str, Any]] = {200: {"content": CONTENT}}


@router.get(
    "/v1/reports/general-ledger",
    operation_id="general_ledger",
    summary="总账 · General ledger of a fund for a month or year",
    response_model=report_shapes.GeneralLedgerOut,
    responses=FILES,
)
async def general_ledger(
    door: Reading,
    fund: FundCode,
    period: PeriodText,
    book: Book = Book.STATUTORY,
    district: Code | None = None,
    known_at: KnownAt = None,
    how: How = Format.JSON,
) -> Response:
    """Opening, debits, credits, year to date and closing of every account with postings."""
    books, span = await opened(door), report_flow.span_of(period)
    scope = door.caller.scope(district)

    async def work(tx: AsyncConnection) -> tuple[Fund, list[Any]]:
        await report_store.freeze(tx)
        catalogue = await known_catalogue(tx, books.catalogue, known_at)
        window = Window(
            fund=fund, book=book.value, district=scope, known_at=await places(tx, known_at)
        )
        of = report_flow.fund_on(catalogue, fund, span.last)
        return of, await report_flow.general(tx, catalogue, span, window)

    of, rows = await door.read(work)
    if how is Format.JSON:
        return json_answer(report_shapes.general_out(of, span, book.value, scope, rows))
    return answer([report_shapes.general_sheet(of, span, rows, scope)], how)


@router.get(
    "/v1/reports/detail-ledger",
    operation_id="detail_ledger",
    summary="明细账 · Detail ledger of a fund and account for a month or year",
    response_model=report_shapes.DetailLedgerOut,
    responses=FILES,
)
async def detail_ledger(
    door: Reading,
    fund: FundCode,
    account: Annotated[AccountKey, Query(examples=["income_deposit"])],
    period: PeriodText,
    district: Code | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    how: How = Format.JSON,
) -> Response:
    """Entries in the order of the books, each with the balance after it. A file holds them all."""
    books, span = await opened(door), report_flow.span_of(period)
    of = report_flow.fund_on(books.catalogue, fund, span.last)
    described = books.catalogue.described(account, span.last)
    query = DetailQuery(
        account=account,
        fund=fund,
        district=door.caller.scope(district),
        book=(described.book if described else Book.STATUTORY).value,
    )
    is_file = how is not Format.JSON
    after, most = (None, report_flow.EXPORT_LINES_MAX) if is_file else (cursor, limit)

    async def work(tx: AsyncConnection) -> report_flow.Detail:
        await report_store.freeze(tx)
        return await report_flow.detail(tx, books.catalogue, span, query, after, most)

    page = await door.read(work)
    if not is_file:
        return json_answer(report_shapes.detail_out(of, span, query.book, query.district, page))
    if page.next_cursor is not None:
        raise report_flow.TooLong(lines=f">{report_flow.EXPORT_LINES_MAX}")
    return answer([report_shapes.detail_sheet(of, span, page)], how)


@router.get(
    "/v1/reports/balance-sheet",
    operation_id="balance_sheet",
    summary="资产负债表 · Balance sheet of a fund at the end of a month or year",
    response_model=statement_shapes.BalanceSheetOut,
    responses=FILES,
)
async def balance_sheet(
    door: Reading,
    fund: FundCode,
    period: PeriodText,
    known_at: KnownAt = None,
    how: How = Format.JSON,
) -> Response:
    """Assets, liabilities and net assets, beside the beginning of the year. The city's."""
    require_centre(door.caller)
    books, span = await opened(door), report_flow.span_of(period)

    async def work(tx: AsyncConnection) -> tuple[Fund, Any]:
        await report_store.freeze(tx)
        catalogue = await known_catalogue(tx, books.catalogue, known_at)
        window = Window(fund=fund, known_at=await places(tx, known_at))
        of = report_flow.fund_on(catalogue, fund, span.last)
        return of, await report_flow.sheet(tx, catalogue, span, window)

    of, sheet = await door.read(work)
    if how is Format.JSON:
        return json_answer(statement_shapes.balance_sheet_out(of, span, sheet))
    return answer([statement_shapes.balance_sheet_sheet(of, span, sheet)], how)


@router.get(
    "/v1/reports/income-statement",
    operation_id="income_statement",
    summary="收支表 · Income and expense of a fund for a month or year",
    response_model=statement_shapes.IncomeStatementOut,
    responses=FILES,
)
async def income_statement(
    door: Reading,
    fund: FundCode,
    period: PeriodText,
    known_at: KnownAt = None,
    how: How = Format.JSON,
) -> Response:
    """Income and expense of the period and of the year to date, and how the surplus rolled on."""
    require_centre(door.caller)
    books, span = await opened(door), report_flow.span_of(period)

    async def work(tx: AsyncConnection) -> tuple[Fund, Any]:
        await report_store.freeze(tx)
        catalogue = await known_catalogue(tx, books.catalogue, known_at)
        window = Window(fund=fund, known_at=await places(tx, known_at))
        of = report_flow.fund_on(catalogue, fund, span.last)
        return of, await report_flow.statement(tx, catalogue, span, window)

    of, statement = await door.read(work)
    if how is Format.JSON:
        return json_answer(statement_shapes.income_statement_out(of, span, statement))
    return answer([statement_shapes.income_statement_sheet(of, span, statement)], how)


@router.get(
    "/v1/reports/trial-balance",
    operation_id="trial_balance_file",
    summary="试算平衡表(导出)· Trial balance as a file; as JSON: /v1/trial-balance",
    response_class=Response,
    responses=FILES,
)
async def trial_balance_file(
    door: Reading,
    as_of: date | None = None,
    book: Book | None = None,
    known_at: KnownAt = None,
    how: Annotated[Format, Query(alias="format")] = Format.XLSX,
) -> Response:
    """Every fund's and book's trial balance; a page of HTML when JSON is asked for here."""
    require_centre(door.caller)
    books, day = await opened(door), as_of or clock.today()

    async def work(tx: AsyncConnection) -> tuple[Catalogue, list[Trial]]:
        catalogue = await known_catalogue(tx, books.catalogue, known_at)
        of_book = book.value if book else None
        return catalogue, await balance_flow.trial_balance(
            tx, catalogue, as_of=day, book=of_book, known_at=known_at
        )

    catalogue, trials = await door.read(work)
    names = {fund.code: fund.name for fund in catalogue.funds(day)}
    return answer(report_shapes.trial_sheets(trials, day, names), how)


@router.get(
    "/v1/vouchers/{id}/print",
    operation_id="print_voucher",
    summary="记账凭证打印 · A voucher to be printed",
    response_model=VoucherPrintOut,
    responses=FILES,
)
async def print_voucher(
    id: Annotated[str, Path(max_length=60)], door: Reading, how: How = Format.JSON
) -> Response:
    """借 and 贷 with codes and names in Chinese, a page per fund; red letters below zero."""
    books = await opened(door)
    stored = await door.read(lambda tx: voucher_flow.read(tx, id, door.caller))
    printed = voucher_print(stored, books.catalogue)
    return json_answer(printed) if how is Format.JSON else answer(print_sheets(printed), how)
