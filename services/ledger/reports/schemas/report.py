"""Ledgers and trial balances: JSON shapes whose lines link to their entries, and sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from services.ledger.common.schemas import UNIT_NOTE, Cell, Fen, Row, Sheet
from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.reports.domain.balance import FundTrialBalance
from services.ledger.reports.domain.general_ledger import GeneralRow
from services.ledger.reports.domain.span import Span
from services.ledger.reports.flows.report import DetailPage, FundReport
from services.ledger.reports.schemas.head import (
    ReportHeader,
    entries_link,
    file_of,
    header_of,
    notes_of,
)
from services.ledger.reports.store.entry import EntryRow
from shared.entry import Side
from shared.schema import Out, YuanOut

_SIDES = {Side.DEBIT: "借", Side.CREDIT: "贷"}
_GENERAL_COLUMNS = (
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


# --- general ledger ------------------------------------------------------------------------


class GeneralRowOut(Out):
    """An account of the general ledger; balances are negative if not on its normal side."""

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

    @classmethod
    def of(
        cls, row: GeneralRow, fund: str, book: str, span: Span, district: str | None
    ) -> GeneralRowOut:
        """Answer an account."""
        return cls(
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
                entries_link(part, fund, book, (span.first, span.last), district)
                for part in row.parts
            ],
        )


class GeneralLedgerOut(ReportHeader):
    """The general ledger (总账). Totals count first-level accounts once; debits equal credits."""

    book: str
    district: str | None
    rows: list[GeneralRowOut]
    debit: YuanOut
    credit: YuanOut
    difference: YuanOut

    @classmethod
    def of(
        cls, report: FundReport[list[GeneralRow]], book: str, district: str | None
    ) -> GeneralLedgerOut:
        """Answer the general ledger of a book, of one district or all."""
        top = _first_level(report.body)
        debit_fen, credit_fen = sum(r.debit_fen for r in top), sum(r.credit_fen for r in top)
        return cls(
            **header_of(report.fund, report.span),
            book=book,
            district=district,
            rows=[
                GeneralRowOut.of(row, report.fund.code, book, report.span, district)
                for row in report.body
            ],
            debit=debit_fen,
            credit=credit_fen,
            difference=debit_fen - credit_fen,
        )


def _first_level(rows: Sequence[GeneralRow]) -> list[GeneralRow]:
    return [row for row in rows if row.parent is None]


def general_sheet(report: FundReport[list[GeneralRow]], district: str | None) -> Sheet:
    """Lay the general ledger out as a sheet."""
    top = _first_level(report.body)
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
        for row in report.body
    ]
    sums = (
        Fen(sum(getattr(row, name) for row in top))
        for name in ("debit_fen", "credit_fen", "year_debit_fen", "year_credit_fen")
    )
    total = Row(("", "合计", "", None, *sums, None), strong=True)
    more = (f"分中心:{district}",) if district else ()
    return Sheet(
        file_of("general-ledger", report.fund, report.span),
        "总账",
        notes_of(report.fund, report.span, *more),
        _GENERAL_COLUMNS,
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

    @classmethod
    def of(cls, row: EntryRow, balance_fen: int) -> DetailLineOut:
        """Answer an entry."""
        return cls(
            book_date=row.book_date,
            voucher=voucher_id(row.slot, row.seq),
            line=row.line,
            kind=row.kind,
            summary=row.summary,
            district=row.district,
            debit=row.debit_fen,
            credit=row.credit_fen,
            balance=balance_fen,
        )


class DetailLedgerOut(ReportHeader):
    """A page of the detail ledger (明细账), with the balances before and after it."""

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

    @classmethod
    def of(cls, report: FundReport[DetailPage]) -> DetailLedgerOut:
        """Answer a page."""
        page, account = report.body, report.body.account
        sign = _sign(account.normal_side)
        return cls(
            **header_of(report.fund, report.span),
            book=page.book,
            district=page.district,
            account=account.key,
            code=account.code,
            name=account.name,
            normal_side=account.normal_side,
            opening=sign * page.opening_net_fen,
            items=[DetailLineOut.of(row, sign * net_fen) for row, net_fen in _running(page)],
            closing=sign * page.closing_net_fen,
            next_cursor=page.next_cursor,
            has_more=page.next_cursor is not None,
        )


def _sign(side: Side) -> int:
    return -1 if side is Side.CREDIT else 1


def _running(page: DetailPage) -> Iterable[tuple[EntryRow, int]]:
    """Yield each line with debits minus credits after it."""
    net_fen = page.opening_net_fen
    for line in page.lines:
        net_fen += line.debit_fen - line.credit_fen
        yield line, net_fen


def detail_sheet(report: FundReport[DetailPage]) -> Sheet:
    """Lay a detail ledger out as a sheet."""
    page, account = report.body, report.body.account
    sign = _sign(account.normal_side)
    opening, closing = Fen(sign * page.opening_net_fen), Fen(sign * page.closing_net_fen)
    rows = [Row(("", "", "期初余额", "", None, None, opening), strong=True)]
    rows += [
        Row(
            (
                line.book_date,
                voucher_id(line.slot, line.seq),
                line.summary,
                line.district,
                Fen(line.debit_fen),
                Fen(line.credit_fen),
                Fen(sign * net_fen),
            )
        )
        for line, net_fen in _running(page)
    ]
    debit = Fen(sum(line.debit_fen for line in page.lines))
    credit = Fen(sum(line.credit_fen for line in page.lines))
    rows.append(Row(("", "", "本期合计及期末余额", "", debit, credit, closing), strong=True))
    subject = f"科目:{account.code} {account.name}(余额方向:{_SIDES[account.normal_side]})"
    return Sheet(
        file_of(f"detail-{account.key.replace('.', '-')}", report.fund, report.span),
        "明细账",
        notes_of(report.fund, report.span, subject),
        ("日期", "凭证号", "摘要", "分中心", "借方", "贷方", "余额"),
        tuple(rows),
    )


# --- trial balance -------------------------------------------------------------------------


def trial_sheets(
    trials: Sequence[FundTrialBalance], as_of: date, names: dict[str, str]
) -> list[Sheet]:
    """Lay the trial balances (试算平衡表) out, one sheet per fund and book."""
    sheets = [_trial_sheet(trial, as_of, names) for trial in trials]
    empty = Sheet("trial-balance", "试算平衡表", (f"截至:{as_of}", "尚无发生额"), ("科目编码",), ())
    return sheets or [empty]


def _trial_sheet(trial: FundTrialBalance, as_of: date, names: dict[str, str]) -> Sheet:
    cells: list[tuple[Cell, ...]] = [
        (line.code, line.name, Fen(line.debit_fen), Fen(line.credit_fen)) for line in trial.lines
    ]
    total = Row(("", "合计", Fen(trial.debit_fen), Fen(trial.credit_fen)), strong=True)
    book = "法定账" if trial.book == "statutory" else "备查账"
    notes = (
        f"编制单位:{names.get(trial.fund, trial.fund)}",
        f"账簿:{book}",
        f"截至:{as_of}",
        UNIT_NOTE,
    )
    return Sheet(
        f"trial-{trial.fund}-{trial.book}"[:40],
        "试算平衡表",
        notes,
        ("科目编码", "科目名称", "借方余额", "贷方余额"),
        (*(Row(line) for line in cells), total),
    )
