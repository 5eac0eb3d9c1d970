"""Balance sheet (资产负债表) and income statement (收支表) of one fund, computed from net sums alone.

Amounts are in fen. Each line names the accounts that it sums up, so that it can be traced to their
entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.ledger.rules.domain.chart import Account, Catalogue
from services.ledger.rules.domain.report_line import (
    BALANCE_SHEET,
    INCOME_STATEMENT,
    SECTIONS,
    UNCARRIED,
)
from shared.entry import Book, Side

_LAST: Final = 10_000
Nets = Mapping[str, int]
"""Account → debits minus credits, in fen."""


# --- balance sheet -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line of a statement: its two columns and the accounts that it sums up."""

    account: str
    code: str
    name: str
    first_fen: int
    second_fen: int
    parts: tuple[str, ...]
    level: int = 1


@dataclass(frozen=True, slots=True)
class Section:
    """Lines and their totals. Lines of level 2 detail the line above and are not added again."""

    key: str
    name: str
    lines: tuple[StatementLine, ...]

    @property
    def first_fen(self) -> int:
        """Total of the first column."""
        return sum(line.first_fen for line in self.lines if line.level == 1)

    @property
    def second_fen(self) -> int:
        """Total of the second column."""
        return sum(line.second_fen for line in self.lines if line.level == 1)


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """Balance sheet: the first column is the beginning of the year, the second the end of the span."""

    assets: Section
    liabilities: Section
    net_assets: Section

    @property
    def differences(self) -> tuple[int, int]:
        """Assets less liabilities less net assets in both columns: zero unless the books are damaged."""
        a, b, c = self.assets, self.liabilities, self.net_assets
        return (
            a.first_fen - b.first_fen - c.first_fen,
            a.second_fen - b.second_fen - c.second_fen,
        )


def balance_sheet(catalogue: Catalogue, day: date, first: Nets, second: Nets) -> BalanceSheet:
    """Compute the balance sheet from the nets at the beginning of the year and at the end."""
    net_assets = _section(catalogue, day, BALANCE_SHEET, "net_asset", first, second)
    uncarried = _uncarried(catalogue, day, first, second)
    if uncarried is not None:
        net_assets = Section(net_assets.key, net_assets.name, (*net_assets.lines, uncarried))
    return BalanceSheet(
        _section(catalogue, day, BALANCE_SHEET, "asset", first, second),
        _section(catalogue, day, BALANCE_SHEET, "liability", first, second),
        net_assets,
    )


def _of_class(catalogue: Catalogue, day: date, name: str) -> list[Account]:
    return [
        account
        for account in catalogue.every_account(day)
        if account.account_class == name and account.book is Book.STATUTORY
    ]


def _section(
    catalogue: Catalogue, day: date, report: str, of_class: str, first: Nets, second: Nets
) -> Section:
    """Build the section of one account class; an account with parts is a line followed by its parts."""
    lines: list[StatementLine] = []
    accounts = [
        _renamed(catalogue, day, report, one) for one in _of_class(catalogue, day, of_class)
    ]
    accounts.sort(key=lambda one: _place(catalogue, day, report, one.key))
    keys = {account.key for account in accounts}
    for account in accounts:
        if account.parent in keys:
            continue
        parts = [one for one in accounts if one.parent == account.key]
        line = _line(account, [account, *parts], first, second, 1)
        if line is None:
            continue
        lines.append(line)
        lines += [one for part in parts if (one := _line(part, [part], first, second, 2))]
    return Section(of_class, _name(catalogue, day, report, of_class), tuple(lines))


def _name(catalogue: Catalogue, day: date, report: str, line: str) -> str:
    row = catalogue.line(report, line, day)
    return row.name if row else SECTIONS[report][line]


def _renamed(catalogue: Catalogue, day: date, report: str, account: Account) -> Account:
    row = catalogue.line(report, account.key, day)
    return replace(account, name=row.name) if row else account


def _place(catalogue: Catalogue, day: date, report: str, line: str) -> int:
    """Return a line's configured place; lines without one come last, in order of their code."""
    row = catalogue.line(report, line, day)
    return row.place if row else _LAST


def _line(
    account: Account, sources: Sequence[Account], first: Nets, second: Nets, level: int
) -> StatementLine | None:
    sign = -1 if account.normal_side is Side.CREDIT else 1
    touched = tuple(one.key for one in sources if one.key in first or one.key in second)
    if not touched:
        return None
    return StatementLine(
        account.key,
        account.code,
        account.name,
        sign * sum(first.get(key, 0) for key in touched),
        sign * sum(second.get(key, 0) for key in touched),
        touched,
        level,
    )


def _uncarried(catalogue: Catalogue, day: date, first: Nets, second: Nets) -> StatementLine | None:
    keys = tuple(
        account.key
        for name in ("income", "expense")
        for account in _of_class(catalogue, day, name)
        if first.get(account.key) or second.get(account.key)
    )
    if not keys:
        return None
    return StatementLine(
        UNCARRIED,
        "",
        _name(catalogue, day, BALANCE_SHEET, UNCARRIED),
        -sum(first.get(key, 0) for key in keys),
        -sum(second.get(key, 0) for key in keys),
        keys,
    )


# --- income and expense --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IncomeStatement:
    """Income and expense of the span and the year to date, without carry-overs, and net assets."""

    income: Section
    expense: Section
    opening_fen: tuple[int, int]
    """Net assets before the span, and before the year."""
    direct_fen: tuple[int, int]
    """Changes of net assets that are neither income nor expense; transfers between reserves are zero."""
    closing_fen: int
    """Net assets at the end of the span, as in the balance sheet."""

    @property
    def surplus_fen(self) -> tuple[int, int]:
        """Income less expense, of the span and of the year to date."""
        return (
            self.income.first_fen - self.expense.first_fen,
            self.income.second_fen - self.expense.second_fen,
        )

    @property
    def differences(self) -> tuple[int, int]:
        """Opening + surplus + direct − closing in both columns: zero unless the books are damaged."""
        first, second = (
            self.opening_fen[i] + self.surplus_fen[i] + self.direct_fen[i] - self.closing_fen
            for i in (0, 1)
        )
        return first, second


def income_statement(
    catalogue: Catalogue,
    day: date,
    moved: tuple[Nets, Nets],
    before: tuple[Nets, Nets],
    at_end: Nets,
) -> IncomeStatement:
    """Compute the income statement (收支表) of one fund.

    Args:
        catalogue: classes, codes and names.
        day: the day whose chart is used.
        moved: nets of the span and of the year to date, carry-overs left out.
        before: nets at the eve of the span and of the year.
        at_end: nets at the end of the span.
    """
    income = _section(catalogue, day, INCOME_STATEMENT, "income", *moved)
    expense = _section(catalogue, day, INCOME_STATEMENT, "expense", *moved)
    reserves = [account.key for account in _of_class(catalogue, day, "net_asset")]
    direct = tuple(-sum(one.get(key, 0) for key in reserves) for one in moved)
    return IncomeStatement(
        income,
        expense,
        (_net_assets(catalogue, day, before[0]), _net_assets(catalogue, day, before[1])),
        (direct[0], direct[1]),
        _net_assets(catalogue, day, at_end),
    )


def _net_assets(catalogue: Catalogue, day: date, at: Nets) -> int:
    """Return net assets: assets less liabilities."""
    return sum(
        at.get(account.key, 0)
        for name in ("asset", "liability")
        for account in _of_class(catalogue, day, name)
    )
