"""The bank adjustment table and the four agreements, each read in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.domain.agreement import (
    DEPOSITS,
    Agreement,
    AgreementCheck,
    BankFigure,
    with_bank,
    with_ledgers,
    with_reports,
    with_vouchers,
)
from services.ledger.reports.domain.balance import nets
from services.ledger.reports.domain.bank_adjustment import BankAdjustment, BankStatement, adjust
from services.ledger.reports.domain.span import Span
from services.ledger.reports.flows import report as report_flow
from services.ledger.reports.flows.report import TooLong
from services.ledger.reports.store import evidence as evidence_store
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Catalogue
from shared.entry import Book
from shared.errors import Fault, Faulty

ITEMS_MAX = 50_000
"""Most vouchers in one adjustment table; for more, narrow the window."""


async def bank_adjustment(
    tx: AsyncConnection, statement: BankStatement, tolerance_days: int
) -> BankAdjustment:
    """Compare a bank statement with the books.

    Args:
        tx: the reading transaction.
        statement: the bank's side.
        tolerance_days: most days between the two sides of one movement.

    Raises:
        Faulty: the account is not a deposit account.
        TooLong: too many vouchers in the window.
    """
    if statement.account not in DEPOSITS:
        raise Faulty(faults=[Fault("/account", "ACCOUNT_NOT_A_DEPOSIT", statement.account)])
    await report_store.freeze(tx)
    window = Window(to_day=statement.last, fund=statement.fund, book=Book.STATUTORY.value)
    book_fen = nets(await report_store.sums_between(tx, window)).get(statement.account, 0)
    days = (statement.first, statement.last)
    items = await evidence_store.bank_items(
        tx, statement.account, statement.fund, days, ITEMS_MAX + 1
    )
    if len(items) > ITEMS_MAX:
        raise TooLong(vouchers=f">{ITEMS_MAX}")
    return adjust(book_fen, statement.balance_fen, statement.lines, items, tolerance_days)


async def four_agreements(
    tx: AsyncConnection, catalogue: Catalogue, period: str, figures: Sequence[BankFigure]
) -> tuple[Span, list[Agreement]]:
    """Check the four agreements (四相符) of a month or year.

    Raises:
        Faulty: not such a period.
    """
    span = report_flow.span_of(period)
    await report_store.freeze(tx)
    names = {account.key: account.name for account in catalogue.every_account(span.last)}
    days = (span.first, span.last)
    moved = await report_store.sums_between(tx, Window(from_day=span.first, to_day=span.last))
    at_end = await report_store.sums_between(tx, Window(to_day=span.last))
    general = {(r.book, r.fund, r.account): (r.debit_fen, r.credit_fen) for r in moved}
    detail = await evidence_store.detail_sums(tx, list(names), days)
    deposits = {
        (row.fund, row.account): row.debit_fen - row.credit_fen
        for row in at_end
        if row.account in DEPOSITS and row.book == Book.STATUTORY
    }
    return span, [
        with_bank(figures, deposits, names),
        with_vouchers(await evidence_store.voucher_facts(tx, list(names), days)),
        with_ledgers(general, detail, names),
        Agreement("report", "账表相符", tuple(await _report_checks(tx, catalogue, span))),
    ]


async def _report_checks(
    tx: AsyncConnection, catalogue: Catalogue, span: Span
) -> list[AgreementCheck]:
    carried = await past_store.carry_over_seqs(tx)
    checks: list[AgreementCheck] = []
    for fund in catalogue.funds(span.last):
        window = Window(fund=fund.code, book=Book.STATUTORY.value)
        rows = await report_flow.general_rows(tx, catalogue, span, window)
        if not rows:
            continue
        days = replace(window, from_day=span.first, to_day=span.last)
        carry_overs = nets(await report_store.sums_of_vouchers(tx, carried, days))
        moved = {
            row.account: row.debit_fen - row.credit_fen - carry_overs.get(row.account, 0)
            for row in rows
            if row.parts == (row.account,)
        }
        sheet = await report_flow.sheet(tx, catalogue, span, window)
        statement = await report_flow.statement(tx, catalogue, span, window)
        checks += with_reports(fund.code, rows, moved, sheet, statement)
    return checks
