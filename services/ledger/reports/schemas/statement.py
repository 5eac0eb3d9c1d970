"""Balance sheet (资产负债表) and income statement (收支表) of a fund, as answers and as sheets."""

from __future__ import annotations

from services.ledger.common.schemas import Fen, Row, Sheet
from services.ledger.reports.domain.statement import (
    BalanceSheet,
    IncomeStatement,
    Line,
    Section,
    Span,
)
from services.ledger.reports.schemas.head import ReportOf, entries_link, file_of, notes_of, of_fund
from services.ledger.rules.domain.chart import Fund
from shared.schema import Out, YuanOut


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


class BalanceSheetOut(ReportOf):
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
            key=section.key,
            name=section.name,
            opening=section.first_fen,
            closing=section.second_fen,
            lines=[_balance_line(fund, span, x) for x in section.lines],
        )
        for section in (sheet.assets, sheet.liabilities, sheet.net_assets)
    }
    return BalanceSheetOut(
        **of_fund(fund, span),
        assets=sections["asset"],
        liabilities=sections["liability"],
        net_assets=sections["net_asset"],
        opening_difference=opening_fen,
        closing_difference=closing_fen,
        balanced=opening_fen == closing_fen == 0,
    )


def _balance_line(fund: Fund, span: Span, line: Line) -> BalanceLineOut:
    return BalanceLineOut(
        account=line.account,
        code=line.code,
        name=line.name,
        level=line.level,
        opening=line.first_fen,
        closing=line.second_fen,
        entries=[
            entries_link(part, fund.code, "statutory", (None, span.last)) for part in line.parts
        ],
    )


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
        file_of("balance-sheet", fund, span),
        "资产负债表",
        notes_of(fund, span),
        columns,
        tuple(rows),
    )


def _section_rows(section: Section) -> list[Row]:
    return [
        Row(("", section.name, None, None), strong=True),
        *(
            Row(
                (
                    line.code,
                    ("　" * line.level) + line.name,
                    Fen(line.first_fen),
                    Fen(line.second_fen),
                )
            )
            for line in section.lines
        ),
        Row(
            ("", f"{section.name}合计", Fen(section.first_fen), Fen(section.second_fen)),
            strong=True,
        ),
    ]


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


class IncomeStatementOut(ReportOf):
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
            opening=statement.opening_fen[i],
            surplus=statement.surplus_fen[i],
            direct=statement.direct_fen[i],
            closing=statement.closing_fen,
            difference=statement.differences[i],
        )
        for i in (0, 1)
    ]
    return IncomeStatementOut(
        **of_fund(fund, span),
        income=_income_section(fund, span, statement.income),
        expense=_income_section(fund, span, statement.expense),
        of_period=rolling[0],
        of_year=rolling[1],
        foots=statement.differences == (0, 0),
    )


def _income_section(fund: Fund, span: Span, section: Section) -> IncomeSectionOut:
    days = (span.first, span.last)
    return IncomeSectionOut(
        key=section.key,
        name=section.name,
        amount=section.first_fen,
        year_to_date=section.second_fen,
        lines=[
            IncomeLineOut(
                account=line.account,
                code=line.code,
                name=line.name,
                level=line.level,
                amount=line.first_fen,
                year_to_date=line.second_fen,
                entries=[
                    entries_link(part, fund.code, "statutory", days, carry_over=False)
                    for part in line.parts
                ],
            )
            for line in section.lines
        ],
    )


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
        file_of("income-statement", fund, span),
        "收支表",
        notes_of(fund, span),
        columns,
        tuple(rows),
    )
