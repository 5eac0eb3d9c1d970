"""Balance sheet (资产负债表) and income statement (收支表) of a fund: JSON shapes and sheets."""

from __future__ import annotations

from services.ledger.common.schemas import Fen, Row, Sheet
from services.ledger.reports.domain.span import Span
from services.ledger.reports.domain.statement import (
    BalanceSheet,
    IncomeStatement,
    Section,
    StatementLine,
)
from services.ledger.reports.flows.report import FundReport
from services.ledger.reports.schemas.head import (
    ReportHeader,
    entries_link,
    file_of,
    header_of,
    notes_of,
)
from shared.entry import Book
from shared.schema import Out, YuanOut


class BalanceLineOut(Out):
    """A line of the balance sheet; a line of level 2 details the line above."""

    account: str
    code: str
    name: str
    level: int
    opening: YuanOut
    closing: YuanOut
    entries: list[str]

    @classmethod
    def of(cls, line: StatementLine, fund: str, span: Span) -> BalanceLineOut:
        """Answer a line."""
        return cls(
            account=line.account,
            code=line.code,
            name=line.name,
            level=line.level,
            opening=line.first_fen,
            closing=line.second_fen,
            entries=[
                entries_link(part, fund, Book.STATUTORY.value, (None, span.last))
                for part in line.parts
            ],
        )


class BalanceSectionOut(Out):
    """A section of the balance sheet."""

    key: str
    name: str
    lines: list[BalanceLineOut]
    opening: YuanOut
    closing: YuanOut

    @classmethod
    def of(cls, section: Section, fund: str, span: Span) -> BalanceSectionOut:
        """Answer a section."""
        return cls(
            key=section.key,
            name=section.name,
            opening=section.first_fen,
            closing=section.second_fen,
            lines=[BalanceLineOut.of(line, fund, span) for line in section.lines],
        )


class BalanceSheetOut(ReportHeader):
    """The balance sheet: 年初余额 and 期末余额; assets equal liabilities and net assets."""

    assets: BalanceSectionOut
    liabilities: BalanceSectionOut
    net_assets: BalanceSectionOut
    opening_difference: YuanOut
    closing_difference: YuanOut
    balanced: bool

    @classmethod
    def of(cls, report: FundReport[BalanceSheet]) -> BalanceSheetOut:
        """Answer the balance sheet."""
        fund, span, sheet = report.fund, report.span, report.body
        opening_fen, closing_fen = sheet.differences
        return cls(
            **header_of(fund, span),
            assets=BalanceSectionOut.of(sheet.assets, fund.code, span),
            liabilities=BalanceSectionOut.of(sheet.liabilities, fund.code, span),
            net_assets=BalanceSectionOut.of(sheet.net_assets, fund.code, span),
            opening_difference=opening_fen,
            closing_difference=closing_fen,
            balanced=opening_fen == closing_fen == 0,
        )


def balance_sheet_sheet(report: FundReport[BalanceSheet]) -> Sheet:
    """Lay the balance sheet out as a sheet."""
    sheet = report.body
    rows: list[Row] = []
    for section in (sheet.assets, sheet.liabilities, sheet.net_assets):
        rows += _section_rows(section)
    first = Fen(sheet.liabilities.first_fen + sheet.net_assets.first_fen)
    second = Fen(sheet.liabilities.second_fen + sheet.net_assets.second_fen)
    rows.append(Row(("", "负债和净资产总计", first, second), strong=True))
    return Sheet(
        file_of("balance-sheet", report.fund, report.span),
        "资产负债表",
        notes_of(report.fund, report.span),
        ("科目编码", "项目", "年初余额", "期末余额"),
        tuple(rows),
    )


def _section_rows(section: Section) -> list[Row]:
    total = ("", f"{section.name}合计", Fen(section.first_fen), Fen(section.second_fen))
    return [
        Row(("", section.name, None, None), strong=True),
        *(_line_row(line) for line in section.lines),
        Row(total, strong=True),
    ]


def _line_row(line: StatementLine) -> Row:
    name = ("　" * line.level) + line.name
    return Row((line.code, name, Fen(line.first_fen), Fen(line.second_fen)))


class IncomeLineOut(Out):
    """A line of income or expense; a line of level 2 details the line above."""

    account: str
    code: str
    name: str
    level: int
    amount: YuanOut
    year_to_date: YuanOut
    entries: list[str]

    @classmethod
    def of(cls, line: StatementLine, fund: str, span: Span) -> IncomeLineOut:
        """Answer a line. Its entries leave carry-overs out, as the line does."""
        days = (span.first, span.last)
        return cls(
            account=line.account,
            code=line.code,
            name=line.name,
            level=line.level,
            amount=line.first_fen,
            year_to_date=line.second_fen,
            entries=[
                entries_link(part, fund, Book.STATUTORY.value, days, carry_over=False)
                for part in line.parts
            ],
        )


class IncomeSectionOut(Out):
    """All income, or all expense."""

    key: str
    name: str
    lines: list[IncomeLineOut]
    amount: YuanOut
    year_to_date: YuanOut

    @classmethod
    def of(cls, section: Section, fund: str, span: Span) -> IncomeSectionOut:
        """Answer a section."""
        return cls(
            key=section.key,
            name=section.name,
            amount=section.first_fen,
            year_to_date=section.second_fen,
            lines=[IncomeLineOut.of(line, fund, span) for line in section.lines],
        )


class NetAssetChangeOut(Out):
    """The change in net assets: opening + surplus + direct changes = closing."""

    opening: YuanOut
    surplus: YuanOut
    direct: YuanOut
    closing: YuanOut
    difference: YuanOut

    @classmethod
    def of(cls, statement: IncomeStatement, column: int) -> NetAssetChangeOut:
        """Answer one column: 0 is the period, 1 the year to date."""
        return cls(
            opening=statement.opening_fen[column],
            surplus=statement.surplus_fen[column],
            direct=statement.direct_fen[column],
            closing=statement.closing_fen,
            difference=statement.differences[column],
        )


class IncomeStatementOut(ReportHeader):
    """The income statement: 本期数 and 本年累计数 without carry-overs; the change in net assets."""

    income: IncomeSectionOut
    expense: IncomeSectionOut
    of_period: NetAssetChangeOut
    of_year: NetAssetChangeOut
    foots: bool

    @classmethod
    def of(cls, report: FundReport[IncomeStatement]) -> IncomeStatementOut:
        """Answer the income statement."""
        fund, span, statement = report.fund, report.span, report.body
        return cls(
            **header_of(fund, span),
            income=IncomeSectionOut.of(statement.income, fund.code, span),
            expense=IncomeSectionOut.of(statement.expense, fund.code, span),
            of_period=NetAssetChangeOut.of(statement, 0),
            of_year=NetAssetChangeOut.of(statement, 1),
            foots=statement.differences == (0, 0),
        )


def income_statement_sheet(report: FundReport[IncomeStatement]) -> Sheet:
    """Lay the income statement out as a sheet."""
    statement = report.body
    closing = Fen(statement.closing_fen)
    rows = [
        *_section_rows(statement.income),
        *_section_rows(statement.expense),
        Row(("", "本期收支结余", *map(Fen, statement.surplus_fen)), strong=True),
        Row(("", "期初滚存结余", *map(Fen, statement.opening_fen)), strong=True),
    ]
    if any(statement.direct_fen):
        rows.append(Row(("", "结余间调整", *map(Fen, statement.direct_fen))))
    rows.append(Row(("", "期末滚存结余", closing, closing), strong=True))
    return Sheet(
        file_of("income-statement", report.fund, report.span),
        "收支表",
        notes_of(report.fund, report.span),
        ("科目编码", "项目", "本年数" if report.span.is_year else "本月数", "本年累计数"),
        tuple(rows),
    )
