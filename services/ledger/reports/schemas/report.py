"""Ledgers and trial balances going out: as JSON whose every line links to its entries, and as sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from services.ledger.common.schemas import UNIT_NOTE, Cell, Fen, Row, Sheet
from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.reports.domain.balance import Trial
from services.ledger.reports.domain.statement import GeneralRow, Span
from services.ledger.reports.flows.report import Detail
from services.ledger.reports.schemas.head import ReportOf, entries_link, file_of, notes_of, of_fund
from services.ledger.rules.domain.chart import Fund
from shared.entry import Side
from shared.schema import Out, YuanOut

_SIDES = {Side.DEBIT: "借", Side.CREDIT: "贷"}


# --- general ledger ------------------------------------------------------------------------


class GeneralRowOut(Out):
    """An account of the general ledger; balances on its normal side, below zero on the other."""

    account: str
    code: str
    name: str
    parent: str | None
    normal_side: Side
    opening: YuanOut
    debit: YuanOut
    credit: YuanOut
    year_debit: YuanOut
    year_credit: YuanOut
    closing: YuanOut
    entries: list[str]


class GeneralLedgerOut(ReportOf):
    """总账: totals count each first-level account once; debits and credits tie."""

    book: str
    district: str | None
    rows: list[GeneralRowOut]
    debit: YuanOut
    credit: YuanOut
    difference: YuanOut


def general_out(
    fund: Fund, span: Span, book: str, district: str | None, rows: Sequence[GeneralRow]
) -> GeneralLedgerOut:
    """The general ledger going out."""
    top = [row for row in rows if row.parent is None]
    debit_fen, credit_fen = sum(r.debit_fen for r in top), sum(r.credit_fen for r in top)
    return GeneralLedgerOut(
        **of_fund(fund, span),
        book=book,
        district=district,
        rows=[
            GeneralRowOut(
                account=row.account,
                code=row.code,
                name=row.name,
                parent=row.parent,
                normal_side=row.normal_side,
                opening=row.opening_fen,
                debit=row.debit_fen,
                credit=row.credit_fen,
                year_debit=row.year_debit_fen,
                year_credit=row.year_credit_fen,
                closing=row.closing_fen,
                entries=[
                    entries_link(part, fund.code, book, (span.first, span.last), district)
                    for part in row.parts
                ],
            )
            for row in rows
        ],
        debit=debit_fen,
        credit=credit_fen,
        difference=debit_fen - credit_fen,
    )


def general_sheet(
    fund: Fund, span: Span, rows: Sequence[GeneralRow], district: str | None
) -> Sheet:
    """The general ledger as a sheet."""
    top = [row for row in rows if row.parent is None]
    body = [
        Row(
            (
                row.code,
                row.name,
                _SIDES[row.normal_side],
                Fen(row.opening_fen),
                Fen(row.debit_fen),
                Fen(row.credit_fen),
                Fen(row.year_debit_fen),
                Fen(row.year_credit_fen),
                Fen(row.closing_fen),
            ),
            strong=row.parent is None and row.parts != (row.account,),
        )
        for row in rows
    ]
    total = Row(
        (
            "",
            "合计",
            "",
            None,
            *(
                Fen(sum(getattr(row, name) for row in top))
                for name in ("debit_fen", "credit_fen", "year_debit_fen", "year_credit_fen")
            ),
            None,
        ),
        strong=True,
    )
    more = (f"分中心:{district}",) if district else ()
    columns = (
        "科目编码",
        "科目名称",
        "方向",
        "期初余额",
        "本期借方",
        "本期贷方",
        "本年累计借方",
        "本年累计贷方",
        "期末余额",
    )
    return Sheet(
        file_of("general-ledger", fund, span),
        "总账",
        notes_of(fund, span, *more),
        columns,
        (*body, total),
    )


# --- detail ledger -------------------------------------------------------------------------


class DetailLineOut(Out):
    """One entry and the balance after it, on the account's normal side."""

    book_date: date
    voucher: str
    line: int
    kind: str
    summary: str
    district: str
    debit: YuanOut
    credit: YuanOut
    balance: YuanOut


class DetailLedgerOut(ReportOf):
    """A page of 明细账; `opening` is before its first line, `closing` after its last."""

    book: str
    district: str | None
    account: str
    code: str
    name: str
    normal_side: Side
    opening: YuanOut
    items: list[DetailLineOut]
    closing: YuanOut
    next_cursor: str | None
    has_more: bool


def detail_out(
    fund: Fund, span: Span, book: str, district: str | None, page: Detail
) -> DetailLedgerOut:
    """A page of the detail ledger going out."""
    account = page.account
    sign = _sign(account.normal_side)
    return DetailLedgerOut(
        **of_fund(fund, span),
        book=book,
        district=district,
        account=account.key,
        code=account.code,
        name=account.name,
        normal_side=account.normal_side,
        opening=sign * page.opening_net_fen,
        items=[
            DetailLineOut(
                book_date=line.book_date,
                voucher=voucher_id(line.slot, line.seq),
                line=line.line,
                kind=line.kind,
                summary=line.summary,
                district=line.district,
                debit=line.debit_fen,
                credit=line.credit_fen,
                balance=sign * balance_fen,
            )
            for line, balance_fen in _running(page)
        ],
        closing=sign * page.closing_net_fen,
        next_cursor=page.next_cursor,
        has_more=page.next_cursor is not None,
    )


def _sign(side: Side) -> int:
    return -1 if side is Side.CREDIT else 1


def _running(page: Detail) -> Iterable[tuple[Any, int]]:
    balance_fen = page.opening_net_fen
    for line in page.lines:
        balance_fen += line.debit_fen - line.credit_fen
        yield line, balance_fen


def detail_sheet(fund: Fund, span: Span, page: Detail) -> Sheet:
    """A detail ledger as a sheet."""
    account = page.account
    sign = _sign(account.normal_side)
    rows = [
        Row(("", "", "期初余额", "", None, None, Fen(sign * page.opening_net_fen)), strong=True)
    ]
    rows += [
        Row(
            (
                line.book_date,
                voucher_id(line.slot, line.seq),
                line.summary,
                line.district,
                Fen(line.debit_fen),
                Fen(line.credit_fen),
                Fen(sign * balance_fen),
            )
        )
        for line, balance_fen in _running(page)
    ]
    debit_fen, credit_fen = (
        sum(getattr(line, name) for line in page.lines) for name in ("debit_fen", "credit_fen")
    )
    rows.append(
        Row(
            (
                "",
                "",
                "本期合计及期末余额",
                "",
                Fen(debit_fen),
                Fen(credit_fen),
                Fen(sign * page.closing_net_fen),
            ),
            strong=True,
        )
    )
    of = f"科目:{account.code} {account.name}(余额方向:{_SIDES[account.normal_side]})"
    return Sheet(
        file_of(f"detail-{account.key.replace('.', '-')}", fund, span),
        "明细账",
        notes_of(fund, span, of),
        ("日期", "凭证号", "摘要", "分中心", "借方", "贷方", "余额"),
        tuple(rows),
    )


def trial_sheets(trials: Sequence[Trial], as_of: date, names: dict[str, str]) -> list[Sheet]:
    """试算平衡表, a sheet per fund and book."""
    sheets = []
    for trial in trials:
        cells: list[tuple[Cell, ...]] = [
            (line.code, line.name, Fen(line.debit_fen), Fen(line.credit_fen))
            for line in trial.lines
        ]
        total = Row(("", "合计", Fen(trial.debit_fen), Fen(trial.credit_fen)), strong=True)
        book = "法定账" if trial.book == "statutory" else "备查账"
        notes = (
            f"编制单位:{names.get(trial.fund, trial.fund)}",
            f"账簿:{book}",
            f"截至:{as_of}",
            UNIT_NOTE,
        )
        sheets.append(
            Sheet(
                f"trial-{trial.fund}-{trial.book}"[:40],
                "试算平衡表",
                notes,
                ("科目编码", "科目名称", "借方余额", "贷方余额"),
                (*(Row(one) for one in cells), total),
            )
        )
    return sheets or [
        Sheet("trial-balance", "试算平衡表", (f"截至:{as_of}", "尚无发生额"), ("科目编码",), ())
    ]
