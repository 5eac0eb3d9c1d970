"""The statutory reports of one fund, computed from sums of debits and credits and nothing else.

总账 (general ledger), 资产负债表 (balance sheet), 收支表 (income and expense). Amounts in fen; each
line names the accounts that it is the sum of, so that it can be followed to their entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.ledger.reports.domain.balance import Sum
from services.ledger.rules.domain.chart import Account, Catalogue
from services.ledger.rules.domain.report_line import (
    BALANCE_SHEET,
    INCOME_STATEMENT,
    SECTIONS,
    UNCARRIED,
)
from shared.entry import Book, Side
from shared.period import Period


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a report: a month or a year."""

    label: str
    first: date
    last: date

    @classmethod
    def of(cls, label: str, last: date) -> Span:
        """The span "2021-07" or "2021" that ends on `last`."""
        first = date(last.year, 1, 1) if len(label) == 4 else date(last.year, last.month, 1)
        return cls(label, first, last)

    @property
    def is_year(self) -> bool:
        """Whether it is a whole year."""
        return len(self.label) == 4

    @property
    def year_first(self) -> date:
        """The first day of its year."""
        return date(self.last.year, 1, 1)

    @property
    def eve(self) -> date:
        """The day before it begins."""
        return date.fromordinal(self.first.toordinal() - 1)

    @property
    def year_eve(self) -> date:
        """The day before its year begins."""
        return date.fromordinal(self.year_first.toordinal() - 1)

    @property
    def period(self) -> Period:
        """Its last month."""
        return Period.of(self.last)


_LAST: Final = 10_000
Nets = Mapping[str, int]
"""Account → debits minus credits, in fen."""


def nets(sums: Iterable[Sum]) -> dict[str, int]:
    """Debits minus credits of each account."""
    found: dict[str, int] = {}
    for row in sums:
        found[row.account] = found.get(row.account, 0) + row.debit_fen - row.credit_fen
    return found


def minus(first: Sequence[Sum], second: Iterable[Sum]) -> list[Sum]:
    """The first sums without the second."""
    off = {(row.book, row.fund, row.account): row for row in second}
    left = []
    for row in first:
        other = off.pop((row.book, row.fund, row.account), None)
        if other is not None:
            row = row._replace(
                debit_fen=row.debit_fen - other.debit_fen,
                credit_fen=row.credit_fen - other.credit_fen,
            )
        left.append(row)
    return left + [
        row._replace(debit_fen=-row.debit_fen, credit_fen=-row.credit_fen) for row in off.values()
    ]


# --- general ledger ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralRow:
    """One account of the general ledger; `opening` and `closing` stand on its normal side."""

    account: str
    code: str
    name: str
    parent: str | None
    normal_side: Side
    opening_fen: int
    debit_fen: int
    credit_fen: int
    year_debit_fen: int
    year_credit_fen: int
    closing_fen: int
    parts: tuple[str, ...]
    """The accounts with entries that it is the sum of; itself when it has no parts."""


def general_ledger(
    catalogue: Catalogue,
    day: date,
    opening: Iterable[Sum],
    moved: Iterable[Sum],
    year: Iterable[Sum],
) -> list[GeneralRow]:
    """总账 of one fund and book: every account with postings, and each parent before its parts.

    Args:
        catalogue: codes, names, sides and parents.
        day: whose chart.
        opening: sums before the span.
        moved: sums of the span.
        year: sums of the year up to the span's end.
    """
    tables = [{row.account: row for row in sums} for sums in (opening, moved, year)]
    leaves = sorted({key for table in tables for key in table})
    groups: dict[str, list[str]] = {}
    for key in leaves:
        account = catalogue.described(key, day)
        parent = account.parent if account else None
        groups.setdefault(parent or key, []).append(key)
    rows = []
    for head, parts in groups.items():
        rows.append(_general_row(catalogue, day, head, parts, tables))
        if parts != [head]:
            rows += [
                _general_row(catalogue, day, part, [part], tables) for part in parts if part != head
            ]
    return sorted(rows, key=_by_code(catalogue, day))


def _by_code(catalogue: Catalogue, day: date) -> Callable[[GeneralRow], tuple[str, str, str]]:
    def key(row: GeneralRow) -> tuple[str, str, str]:
        head = catalogue.described(row.parent, day) if row.parent else None
        code = (head.code if head else row.code) or "~"
        return code, row.parent or row.account, row.code if row.parent else ""

    return key


def _general_row(
    catalogue: Catalogue,
    day: date,
    key: str,
    parts: Sequence[str],
    tables: Sequence[Mapping[str, Sum]],
) -> GeneralRow:
    account = catalogue.described(key, day)
    side = account.normal_side if account else Side.DEBIT
    sign = -1 if side is Side.CREDIT else 1
    (before_debit, before_credit), (debit, credit), (year_debit, year_credit) = (
        (
            sum(table[part].debit_fen for part in parts if part in table),
            sum(table[part].credit_fen for part in parts if part in table),
        )
        for table in tables
    )
    opening_fen = sign * (before_debit - before_credit)
    return GeneralRow(
        account=key,
        code=account.code if account else "",
        name=account.name if account else key,
        parent=account.parent if account else None,
        normal_side=side,
        opening_fen=opening_fen,
        debit_fen=debit,
        credit_fen=credit,
        year_debit_fen=year_debit,
        year_credit_fen=year_credit,
        closing_fen=opening_fen + sign * (debit - credit),
        parts=tuple(parts),
    )


# --- balance sheet -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement, with its two columns and the accounts behind it."""

    account: str
    code: str
    name: str
    first_fen: int
    second_fen: int
    parts: tuple[str, ...]
    level: int = 1


@dataclass(frozen=True, slots=True)
class Section:
    """Lines and their totals; lines of level 2 are shown but not added again."""

    key: str
    name: str
    lines: tuple[Line, ...]

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
    """资产负债表: opening of the year and end of the span, assets against what they stand for."""

    assets: Section
    liabilities: Section
    net_assets: Section

    @property
    def differences(self) -> tuple[int, int]:
        """Assets less liabilities less net assets in both columns: zero, or the books are broken."""
        a, b, c = self.assets, self.liabilities, self.net_assets
        return (
            a.first_fen - b.first_fen - c.first_fen,
            a.second_fen - b.second_fen - c.second_fen,
        )


def balance_sheet(catalogue: Catalogue, day: date, first: Nets, second: Nets) -> BalanceSheet:
    """资产负债表 of one fund's statutory book from the nets at the year's beginning and the end."""
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
    """A class of accounts; an account with parts is one line, followed by its parts."""
    lines: list[Line] = []
    accounts = [
        _as_called(catalogue, day, report, one) for one in _of_class(catalogue, day, of_class)
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
    return Section(of_class, _called(catalogue, day, report, of_class), tuple(lines))


def _called(catalogue: Catalogue, day: date, report: str, line: str) -> str:
    said = catalogue.line(report, line, day)
    return said.name if said else SECTIONS[report][line]


def _as_called(catalogue: Catalogue, day: date, report: str, account: Account) -> Account:
    said = catalogue.line(report, account.key, day)
    return replace(account, name=said.name) if said else account


def _place(catalogue: Catalogue, day: date, report: str, line: str) -> int:
    """Lines that have a place stand in its order, before those that go by their code."""
    said = catalogue.line(report, line, day)
    return said.place if said else _LAST


def _line(
    account: Account, sources: Sequence[Account], first: Nets, second: Nets, level: int
) -> Line | None:
    sign = -1 if account.normal_side is Side.CREDIT else 1
    touched = tuple(one.key for one in sources if one.key in first or one.key in second)
    if not touched:
        return None
    return Line(
        account.key,
        account.code,
        account.name,
        sign * sum(first.get(key, 0) for key in touched),
        sign * sum(second.get(key, 0) for key in touched),
        touched,
        level,
    )


def _uncarried(catalogue: Catalogue, day: date, first: Nets, second: Nets) -> Line | None:
    keys = tuple(
        account.key
        for name in ("income", "expense")
        for account in _of_class(catalogue, day, name)
        if first.get(account.key) or second.get(account.key)
    )
    if not keys:
        return None
    return Line(
        UNCARRIED,
        "",
        _called(catalogue, day, BALANCE_SHEET, UNCARRIED),
        -sum(first.get(key, 0) for key in keys),
        -sum(second.get(key, 0) for key in keys),
        keys,
    )


# --- income and expense --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IncomeStatement:
    """收支表: the span and the year to date, without carry-overs; and how the surplus rolled on."""

    income: Section
    expense: Section
    opening_fen: tuple[int, int]
    """Net assets before the span, and before the year."""
    direct_fen: tuple[int, int]
    """What changed net assets without being income or expense (transfers between reserves: zero)."""
    closing_fen: int
    """Net assets at the end, by the balance sheet."""

    @property
    def surplus_fen(self) -> tuple[int, int]:
        """Income less expense, of the span and of the year to date."""
        return (
            self.income.first_fen - self.expense.first_fen,
            self.income.second_fen - self.expense.second_fen,
        )

    @property
    def differences(self) -> tuple[int, int]:
        """Opening + surplus + direct − closing in both columns: zero, or the books are broken."""
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
    """收支表 of one fund.

    Args:
        catalogue: classes, codes and names.
        day: whose chart.
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
    """Net assets by what they consist of: assets less liabilities."""
    return sum(
        at.get(account.key, 0)
        for name in ("asset", "liability")
        for account in _of_class(catalogue, day, name)
    )
