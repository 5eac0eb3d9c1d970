"""The bank adjustment table and the four agreements: read, compare, say what each rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.domain.agreement import (
    DEPOSITS,
    Agreement,
    BankSays,
    Evidence,
    with_bank,
    with_ledgers,
    with_reports,
    with_vouchers,
)
from services.ledger.reports.domain.bank_adjustment import Adjustment, BankLine, adjust
from services.ledger.reports.domain.statement import Span, nets
from services.ledger.reports.flows import report as report_flow
from services.ledger.reports.flows.report import TooLong
from services.ledger.reports.store import evidence as evidence_store
from services.ledger.reports.store import report as report_store
from services.ledger.reports.store.report import Window
from services.ledger.rules.domain.chart import Catalogue
from shared.entry import Book
from shared.errors import Fault, Faulty

ITEMS_MAX = 50_000
"""Vouchers that one adjustment table looks at; beyond it, narrow the window."""


async def adjustment(
    tx: AsyncConnection,
    account: str,
    fund: str | None,
    days: tuple[date, date],
    bank: tuple[int, Sequence[BankLine]],
    tolerance_days: int,
) -> Adjustment:
    """银行存款余额调节表 of a deposit account.

    Args:
        tx: the reading transaction.
        account: one that a bank keeps.
        fund: of one fund, or of all.
        days: the window whose vouchers are compared; the balances are those of its last day.
        bank: the bank's balance and its statement lines.
        tolerance_days: how far apart the two sides of one movement may lie.

    Raises:
        Faulty: not a deposit account.
        TooLong: too many vouchers in the window.
    """
    if account not in DEPOSITS:
        raise Faulty(faults=[Fault("/account", "ACCOUNT_NOT_A_DEPOSIT", account)])
    window = Window(to_day=days[1], fund=fund, book=Book.STATUTORY.value)
    book_fen = nets(await report_store.sums_between(tx, window)).get(account, 0)
    items = await evidence_store.bank_items(tx, account, fund, days, ITEMS_MAX + 1)
    if len(items) > ITEMS_MAX:
        raise TooLong(vouchers=f">{ITEMS_MAX}")
    return adjust(book_fen, bank[0], bank[1], items, tolerance_days)


async def four_agreements(
    tx: AsyncConnection, catalogue: Catalogue, span: Span, says: Sequence[BankSays]
) -> list[Agreement]:
    """四相符 of a month or year: account = bank, voucher, ledger, report."""
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
    return [
        with_bank(says, deposits, names),
        with_vouchers(await evidence_store.voucher_facts(tx, list(names), days)),
        with_ledgers(general, detail, names),
        Agreement("report", "账表相符", tuple(await _reports(tx, catalogue, span))),
    ]


async def _reports(tx: AsyncConnection, catalogue: Catalogue, span: Span) -> list[Evidence]:
    carried = await past_store.carry_over_seqs(tx)
    found: list[Evidence] = []
    for fund in catalogue.funds(span.last):
        window = Window(fund=fund.code, book=Book.STATUTORY.value)
        rows = await report_flow.general(tx, catalogue, span, window)
        if not rows:
            continue
        days = replace(window, from_day=span.first, to_day=span.last)
        off = nets(await report_store.sums_of_vouchers(tx, carried, days))
        moved = {
            row.account: row.debit_fen - row.credit_fen - off.get(row.account, 0)
            for row in rows
            if row.parts == (row.account,)
        }
        sheet = await report_flow.sheet(tx, catalogue, span, window)
        statement = await report_flow.statement(tx, catalogue, span, window)
        found += with_reports(fund.code, rows, moved, sheet, statement)
    return found
