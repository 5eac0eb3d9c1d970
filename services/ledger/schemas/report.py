"""The statutory reports going out: as JSON whose every line links to its entries, and as sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from services.ledger.domain.balance import Trial
from services.ledger.domain.chart import Fund
from services.ledger.domain.statement import (
    BalanceSheet,
    GeneralRow,
    IncomeStatement,
    Line,
    Section,
    Span,
)
from services.ledger.domain.voucher import voucher_id
from services.ledger.flows.report import Detail
from services.ledger.schemas.sheet import UNIT_NOTE, Cell, Fen, Row, Sheet
from shared.entry import Side
from shared.schema import Out, YuanOut

_SIDES = {Side.DEBIT: "借", Side.CREDIT: "贷"}


def entries_link(
    account: str, fund: str | None, book: str, days: tuple[date | None, date],
    district: str | None = None, *, carry_over: bool = True,
) -> str:  # fmt: skip
    """The query that lists the entries behind a figure."""
    values = {
        "fund": fund, "book": book, "district": district,
        "from": days[0].isoformat() if days[0] else None, "to": days[1].isoformat(),
        "carry_over": None if carry_over else "false",
    }  # fmt: skip
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return f"/v1/accounts/{account}/entries?{query}"


class _Of(Out):
    """What a report is of."""

    fund: str
    fund_name: str
    period: str = Field(examples=["2021-07"])
    from_day: date
    to_day: date


def _of(fund: Fund, span: Span) -> dict[str, Any]:
    return {
        "fund": fund.code, "fund_name": fund.name, "period": span.label, "from_day": span.first,
        "to_day": span.last,
    }  # fmt: skip


def _notes(fund: Fund, span: Span, *more: str) -> tuple[str, ...]:
    return (
        f"编制单位:{fund.name}",
        f"期间:{span.label}({span.first} 至 {span.last})",
        *more,
        UNIT_NOTE,
    )


def _file(kind: str, fund: Fund, span: Span) -> str:
    return f"{kind}-{fund.code}-{span.label}"


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


class GeneralLedgerOut(_Of):
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
        **_of(fund, span),
        book=book,
        district=district,
        rows=[
            GeneralRowOut(
                account=row.account, code=row.code, name=row.name, parent=row.parent,
                normal_side=row.normal_side, opening=row.opening_fen, debit=row.debit_fen,
                credit=row.credit_fen, year_debit=row.year_debit_fen,
                year_credit=row.year_credit_fen, closing=row.closing_fen,
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
    )  # fmt: skip


def general_sheet(
    fund: Fund, span: Span, rows: Sequence[GeneralRow], district: str | None
) -> Sheet:
    """The general ledger as a sheet."""
    top = [row for row in rows if row.parent is None]
    body = [
        Row(
            (row.code, row.name, _SIDES[row.normal_side], Fen(row.opening_fen), Fen(row.debit_fen),
             Fen(row.credit_fen), Fen(row.year_debit_fen), Fen(row.year_credit_fen),
             Fen(row.closing_fen)),
            strong=row.parent is None and row.parts != (row.account,),
        )
        for row in rows
    ]  # fmt: skip
    total = Row(
        ("", "合计", "", None, *(
            Fen(sum(getattr(row, name) for row in top))
            for name in ("debit_fen", "credit_fen", "year_debit_fen", "year_credit_fen")
        ), None), strong=True,
    )  # fmt: skip
    more = (f"分中心:{district}",) if district else ()
    columns = (
        "科目编码", "科目名称", "方向", "期初余额", "本期借方", "本期贷方", "本年累计借方",
        "本年累计贷方", "期末余额",
    )  # fmt: skip
    return Sheet(
        _file("general-ledger", fund, span), "总账", _notes(fund, span, *more), columns,
        (*body, total),
    )  # fmt: skip


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


class DetailLedgerOut(_Of):
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
        **_of(fund, span),
        book=book,
        district=district,
        account=account.key,
        code=account.code,
        name=account.name,
        normal_side=account.normal_side,
        opening=sign * page.opening_net_fen,
        items=[
            DetailLineOut(
                book_date=line.book_date, voucher=voucher_id(line.slot, line.seq), line=line.line,
                kind=line.kind, summary=line.summary, district=line.district,
                debit=line.debit_fen, credit=line.credit_fen, balance=sign * balance_fen,
            )
            for line, balance_fen in _running(page)
        ],
        closing=sign * page.closing_net_fen,
        next_cursor=page.next_cursor,
        has_more=page.next_cursor is not None,
    )  # fmt: skip


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
        Row((line.book_date, voucher_id(line.slot, line.seq), line.summary, line.district,
             Fen(line.debit_fen), Fen(line.credit_fen), Fen(sign * balance_fen)))
        for line, balance_fen in _running(page)
    ]  # fmt: skip
    debit_fen, credit_fen = (
        sum(getattr(line, name) for line in page.lines) for name in ("debit_fen", "credit_fen")
    )
    rows.append(
        Row(("", "", "本期合计及期末余额", "", Fen(debit_fen), Fen(credit_fen),
             Fen(sign * page.closing_net_fen)), strong=True)
    )  # fmt: skip
    of = f"科目:{account.code} {account.name}(余额方向:{_SIDES[account.normal_side]})"
    return Sheet(
        _file(f"detail-{account.key.replace('.', '-')}", fund, span), "明细账",
        _notes(fund, span, of), ("日期", "凭证号", "摘要", "分中心", "借方", "贷方", "余额"),
        tuple(rows),
    )  # fmt: skip


# --- statements ----------------------------------------------------------------------------


class BalanceLineOut(Out):
    """A line of the balance sheet; level 2 is part of the line above and not added again."""

    account: str
    code: str
    name: str
    level: int
    opening: YuanOut
    closing: YuanOut
    entries: list[str]


class BalanceSectionOut(Out):
    """One side of the balance sheet."""

    key: str
    name: str
    lines: list[BalanceLineOut]
    opening: YuanOut
    closing: YuanOut


class BalanceSheetOut(_Of):
    """资产负债表: 年初余额 and 期末余额; assets are liabilities and net assets."""

    assets: BalanceSectionOut
    liabilities: BalanceSectionOut
    net_assets: BalanceSectionOut
    opening_difference: YuanOut
    closing_difference: YuanOut
    balanced: bool


def balance_sheet_out(fund: Fund, span: Span, sheet: BalanceSheet) -> BalanceSheetOut:
    """The balance sheet going out."""
    opening_fen, closing_fen = sheet.differences
    sections = {
        section.key: BalanceSectionOut(
            key=section.key, name=section.name, opening=section.first_fen,
            closing=section.second_fen, lines=[_balance_line(fund, span, x) for x in section.lines],
        )
        for section in (sheet.assets, sheet.liabilities, sheet.net_assets)
    }  # fmt: skip
    return BalanceSheetOut(
        **_of(fund, span),
        assets=sections["asset"],
        liabilities=sections["liability"],
        net_assets=sections["net_asset"],
        opening_difference=opening_fen,
        closing_difference=closing_fen,
        balanced=opening_fen == closing_fen == 0,
    )


def _balance_line(fund: Fund, span: Span, line: Line) -> BalanceLineOut:
    return BalanceLineOut(
        account=line.account, code=line.code, name=line.name, level=line.level,
        opening=line.first_fen, closing=line.second_fen,
        entries=[entries_link(part, fund.code, "statutory", (None, span.last)) for part in line.parts],
    )  # fmt: skip


def balance_sheet_sheet(fund: Fund, span: Span, sheet: BalanceSheet) -> Sheet:
    """The balance sheet as a sheet."""
    rows: list[Row] = []
    for section in (sheet.assets, sheet.liabilities, sheet.net_assets):
        rows += _section_rows(section)
    both = [
        sum(getattr(section, name) for section in (sheet.liabilities, sheet.net_assets))
        for name in ("first_fen", "second_fen")
    ]
    rows.append(Row(("", "负债和净资产总计", Fen(both[0]), Fen(both[1])), strong=True))
    columns = ("科目编码", "项目", "年初余额", "期末余额")
    return Sheet(
        _file("balance-sheet", fund, span), "资产负债表", _notes(fund, span), columns, tuple(rows)
    )


def _section_rows(section: Section) -> list[Row]:
    return [
        Row(("", section.name, None, None), strong=True),
        *(
            Row((line.code, ("　" * line.level) + line.name, Fen(line.first_fen), Fen(line.second_fen)))
            for line in section.lines
        ),
        Row(("", f"{section.name}合计", Fen(section.first_fen), Fen(section.second_fen)), strong=True),
    ]  # fmt: skip


class IncomeLineOut(Out):
    """A line of income or expense; level 2 is part of the line above and not added again."""

    account: str
    code: str
    name: str
    level: int
    amount: YuanOut
    year_to_date: YuanOut
    entries: list[str]


class IncomeSectionOut(Out):
    """All income, or all expense."""

    key: str
    name: str
    lines: list[IncomeLineOut]
    amount: YuanOut
    year_to_date: YuanOut


class RollingOut(Out):
    """Opening net assets + surplus + direct changes = closing net assets."""

    opening: YuanOut
    surplus: YuanOut
    direct: YuanOut
    closing: YuanOut
    difference: YuanOut


class IncomeStatementOut(_Of):
    """收支表: 本期数 and 本年累计数, carry-overs left out; how the surplus rolled on."""

    income: IncomeSectionOut
    expense: IncomeSectionOut
    of_period: RollingOut
    of_year: RollingOut
    foots: bool


def income_statement_out(fund: Fund, span: Span, statement: IncomeStatement) -> IncomeStatementOut:
    """The statement of income and expense going out."""
    rolling = [
        RollingOut(
            opening=statement.opening_fen[i], surplus=statement.surplus_fen[i],
            direct=statement.direct_fen[i], closing=statement.closing_fen,
            difference=statement.differences[i],
        )
        for i in (0, 1)
    ]  # fmt: skip
    return IncomeStatementOut(
        **_of(fund, span),
        income=_income_section(fund, span, statement.income),
        expense=_income_section(fund, span, statement.expense),
        of_period=rolling[0],
        of_year=rolling[1],
        foots=statement.differences == (0, 0),
    )


def _income_section(fund: Fund, span: Span, section: Section) -> IncomeSectionOut:
    days = (span.first, span.last)
    return IncomeSectionOut(
        key=section.key, name=section.name, amount=section.first_fen,
        year_to_date=section.second_fen,
        lines=[
            IncomeLineOut(
                account=line.account, code=line.code, name=line.name, level=line.level,
                amount=line.first_fen, year_to_date=line.second_fen,
                entries=[
                    entries_link(part, fund.code, "statutory", days, carry_over=False)
                    for part in line.parts
                ],
            )
            for line in section.lines
        ],
    )  # fmt: skip


def income_statement_sheet(fund: Fund, span: Span, statement: IncomeStatement) -> Sheet:
    """The statement of income and expense as a sheet."""
    first, second = statement.surplus_fen
    rows = [
        *_section_rows(statement.income),
        *_section_rows(statement.expense),
        Row(("", "本期收支结余", Fen(first), Fen(second)), strong=True),
        Row(("", "期初滚存结余", *map(Fen, statement.opening_fen)), strong=True),
    ]
    if any(statement.direct_fen):
        rows.append(Row(("", "结余间调整", *map(Fen, statement.direct_fen))))
    closing = Fen(statement.closing_fen)
    rows.append(Row(("", "期末滚存结余", closing, closing), strong=True))
    columns = ("科目编码", "项目", "本年数" if span.is_year else "本月数", "本年累计数")
    return Sheet(
        _file("income-statement", fund, span), "收支表", _notes(fund, span), columns, tuple(rows)
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
            f"编制单位:{names.get(trial.fund, trial.fund)}", f"账簿:{book}", f"截至:{as_of}", UNIT_NOTE
        )  # fmt: skip
        sheets.append(
            Sheet(
                f"trial-{trial.fund}-{trial.book}"[:40], "试算平衡表", notes,
                ("科目编码", "科目名称", "借方余额", "贷方余额"),
                (*(Row(one) for one in cells), total),
            )
        )  # fmt: skip
    return sheets or [
        Sheet("trial-balance", "试算平衡表", (f"截至:{as_of}", "尚无发生额"), ("科目编码",), ())
    ]
