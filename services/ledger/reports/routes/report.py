"""Doors of the statutory books and reports: JSON with links to entries; CSV, XLSX and HTML files."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response

from services.ledger.common.routes.door import json_answer
from services.ledger.common.schemas import Format, answer
from services.ledger.posting.flows import voucher as voucher_flow
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.flows import balance as balance_flow
from services.ledger.reports.flows import report as report_flow
from services.ledger.reports.flows.report import ReportQuery
from services.ledger.reports.routes.parameters import (
    FILES,
    FundCode,
    KnownAt,
    PeriodText,
    Reading,
    ReportFormat,
)
from services.ledger.reports.schemas.report import (
    DetailLedgerOut,
    GeneralLedgerOut,
    detail_sheet,
    general_sheet,
    trial_sheets,
)
from services.ledger.reports.schemas.statement import (
    BalanceSheetOut,
    IncomeStatementOut,
    balance_sheet_sheet,
    income_statement_sheet,
)
from services.ledger.reports.schemas.voucher_print import VoucherPrintOut, print_sheets
from shared import clock
from shared.cursor import LIMIT_DEFAULT
from shared.entry import Book
from shared.page import Cursor, Limit
from shared.schema import Code, Day
from shared.web.door_router import DoorRouter
from shared.wire.ledger import AccountKey

router = DoorRouter()


@router.get(
    "/v1/reports/general-ledger",
    operation_id="general_ledger",
    summary="总账 · General ledger of a fund for a month or year",
    response_model=GeneralLedgerOut,
    responses=FILES,
)
async def general_ledger(
    at: Reading,
    fund: FundCode,
    period: PeriodText,
    book: Book = Book.STATUTORY,
    district: Code | None = None,
    known_at: KnownAt = None,
    how: ReportFormat = Format.JSON,
) -> Response:
    """Read opening, debits, credits, year to date and closing of every account with postings."""
    books = await opened(at)
    query = ReportQuery(
        fund=fund,
        period=period,
        book=book.value,
        district=at.caller.scope(district),
        known_at=known_at,
    )
    report = await at.read(lambda tx: report_flow.general_ledger(tx, books.catalogue, query))
    if how is Format.JSON:
        return json_answer(GeneralLedgerOut.of(report, query.book, query.district))
    return answer([general_sheet(report, query.district)], how)


@router.get(
    "/v1/reports/detail-ledger",
    operation_id="detail_ledger",
    summary="明细账 · Detail ledger of a fund and account for a month or year",
    response_model=DetailLedgerOut,
    responses=FILES,
)
async def detail_ledger(
    at: Reading,
    fund: FundCode,
    account: Annotated[AccountKey, Query(examples=["income_deposit"])],
    period: PeriodText,
    district: Code | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
    how: ReportFormat = Format.JSON,
) -> Response:
    """List entries in book order with the running balance. A file holds all entries of the period."""
    books = await opened(at)
    query = ReportQuery(fund=fund, period=period, district=at.caller.scope(district))
    if how is Format.JSON:
        page = await at.read(
            lambda tx: report_flow.detail_page(tx, books.catalogue, query, account, cursor, limit)
        )
        return json_answer(DetailLedgerOut.of(page))
    whole = await at.read(lambda tx: report_flow.whole_detail(tx, books.catalogue, query, account))
    return answer([detail_sheet(whole)], how)


@router.get(
    "/v1/reports/balance-sheet",
    operation_id="balance_sheet",
    summary="资产负债表 · Balance sheet of a fund at the end of a month or year",
    response_model=BalanceSheetOut,
    responses=FILES,
)
async def balance_sheet(
    at: Reading,
    fund: FundCode,
    period: PeriodText,
    known_at: KnownAt = None,
    how: ReportFormat = Format.JSON,
) -> Response:
    """Read assets, liabilities and net assets, compared with the beginning of the year. City-wide."""
    require_centre(at.caller)
    books, query = await opened(at), ReportQuery(fund=fund, period=period, known_at=known_at)
    report = await at.read(lambda tx: report_flow.balance_sheet(tx, books.catalogue, query))
    if how is Format.JSON:
        return json_answer(BalanceSheetOut.of(report))
    return answer([balance_sheet_sheet(report)], how)


@router.get(
    "/v1/reports/income-statement",
    operation_id="income_statement",
    summary="收支表 · Income and expense of a fund for a month or year",
    response_model=IncomeStatementOut,
    responses=FILES,
)
async def income_statement(
    at: Reading,
    fund: FundCode,
    period: PeriodText,
    known_at: KnownAt = None,
    how: ReportFormat = Format.JSON,
) -> Response:
    """Read income and expense of the period and the year to date, and the change in net assets."""
    require_centre(at.caller)
    books, query = await opened(at), ReportQuery(fund=fund, period=period, known_at=known_at)
    report = await at.read(lambda tx: report_flow.income_statement(tx, books.catalogue, query))
    if how is Format.JSON:
        return json_answer(IncomeStatementOut.of(report))
    return answer([income_statement_sheet(report)], how)


@router.get(
    "/v1/reports/trial-balance",
    operation_id="trial_balance_file",
    summary="试算平衡表(导出) · Trial balance as a file; as JSON: /v1/trial-balance",
    response_class=Response,
    responses=FILES,
)
async def trial_balance_file(
    at: Reading,
    as_of: Day | None = None,
    book: Book | None = None,
    known_at: KnownAt = None,
    how: Annotated[Format, Query(alias="format")] = Format.XLSX,
) -> Response:
    """Export the trial balance of every fund and book; `format=json` answers HTML here."""
    require_centre(at.caller)
    books, day = await opened(at), as_of or clock.today()
    catalogue, trials = await at.read(
        lambda tx: balance_flow.trial_balance(
            tx, books.catalogue, as_of=day, book=book.value if book else None, known_at=known_at
        )
    )
    names = {fund.code: fund.name for fund in catalogue.funds(day)}
    return answer(trial_sheets(trials, day, names), how)


@router.get(
    "/v1/vouchers/{id}/print",
    operation_id="print_voucher",
    summary="记账凭证打印 · Print a voucher",
    response_model=VoucherPrintOut,
    responses=FILES,
)
async def print_voucher(
    id: Annotated[str, Path(max_length=60)], at: Reading, how: ReportFormat = Format.JSON
) -> Response:
    """Print a voucher: codes and names in Chinese, one page per fund, negative amounts in red."""
    books = await opened(at)
    stored = await at.read(lambda tx: voucher_flow.read(tx, id, at.caller))
    printed = VoucherPrintOut.of(stored, books.catalogue)
    return json_answer(printed) if how is Format.JSON else answer(print_sheets(printed), how)
