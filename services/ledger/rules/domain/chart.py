"""The chart of accounts, the funds, the flow matrix (收支两条线) and the lines of statements, as dated
data."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final

from shared.effective import in_force
from shared.entry import Book, Side
from shared.fund import INSURANCE_NAMES

OWN_SOURCE: Final = "ledger"
"""Sender of the ledger's own vouchers: settlements."""
ANY_SENDER: Final = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the chart from one day to another.

    `code` is the official code, empty while unknown; `funds` empty means every fund; a `floored`
    account may not fall below zero.
    """

    key: str
    code: str
    name: str
    account_class: str
    normal_side: Side
    parent: str | None
    book: Book
    postable: bool
    funds: frozenset[str]
    floored: bool
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """A fund: an accounting entity of its own."""

    code: str
    name: str
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A permission: in vouchers of a kind, `debit` may be paid from `credit`.

    An account pattern that ends in ".*" covers the parts of an account. `by` names the senders
    that may post it: "any", or roles of services and "ledger" for the ledger's own operations,
    separated by blanks.
    """

    kind: str
    book: Book
    debit: str
    credit: str
    by: str
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str

    @property
    def senders(self) -> frozenset[str]:
        """The senders that may post it."""
        return frozenset(self.by.split())

    def covers(self, debit: str, credit: str) -> bool:
        """Tell whether this permission covers the two accounts."""
        return _matches(self.debit, debit) and _matches(self.credit, credit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """Name of a line of a statement, and its place among the lines of its section or report.

    `line` is a section ("asset"), a line of the statement's own, or an account.
    """

    report: str
    line: str
    name: str
    place: int
    in_force_from: date
    in_force_to: date | None
    source: str
    certainty: str


def _words(account: Account) -> str:
    # A set's order differs from process to process.
    return repr((replace(account, funds=frozenset()), sorted(account.funds)))


def _matches(pattern: str, account: str) -> bool:
    if pattern.endswith(".*"):
        return account.startswith(pattern[:-1])
    return pattern == account


_ORDER: Final = {code: place for place, code in enumerate(INSURANCE_NAMES)}


class Catalogue:
    """Chart, funds, flows and statement lines together, looked up by day."""

    def __init__(
        self,
        accounts: Iterable[Account],
        funds: Iterable[Fund],
        flows: Iterable[Flow],
        lines: Iterable[ReportLine] = (),
    ) -> None:
        self._accounts: dict[str, list[Account]] = defaultdict(list)
        for account in accounts:
            self._accounts[account.key].append(account)
        self._funds: dict[str, list[Fund]] = defaultdict(list)
        for fund in funds:
            self._funds[fund.code].append(fund)
        self._flows: dict[tuple[str, Book], list[Flow]] = defaultdict(list)
        for flow in flows:
            self._flows[flow.kind, flow.book].append(flow)
        self._lines: dict[tuple[str, str], list[ReportLine]] = defaultdict(list)
        for line in lines:
            self._lines[line.report, line.line].append(line)
        self.floored: frozenset[str] = frozenset(
            key for key, rows in self._accounts.items() if any(row.floored for row in rows)
        )
        """Accounts that may not fall below zero."""

    @cached_property
    def fingerprint(self) -> str:
        """Hash accounts and funds: equal for equal data, in every process."""
        rows = [_words(row) for rows in self._accounts.values() for row in rows]
        rows += [repr(row) for rows in self._funds.values() for row in rows]
        return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()

    def account(self, key: str, on: date) -> Account | None:
        """Find an account in the chart of a day."""
        return next(iter(in_force(self._accounts.get(key, ()), on)), None)

    def described(self, key: str, on: date) -> Account | None:
        """Find an account in the chart of a day; in its newest version when that chart lacks it."""
        rows = self._accounts.get(key)
        return self.account(key, on) or (rows[0] if rows else None)

    @cached_property
    def first_day(self) -> date:
        """Return the first day of the chart: no account is in force before it."""
        return min(row.in_force_from for rows in self._accounts.values() for row in rows)

    @cached_property
    def fund_codes(self) -> frozenset[str]:
        """Return the codes of the funds of any day."""
        return frozenset(self._funds)

    @cached_property
    def account_keys(self) -> frozenset[str]:
        """Return the keys of the accounts of any day."""
        return frozenset(self._accounts)

    def every_fund(self) -> list[Fund]:
        """List every version of every fund, in the usual order and from its first day on."""
        rows = [row for rows in self._funds.values() for row in rows]
        return sorted(
            rows, key=lambda row: (_ORDER.get(row.code, len(_ORDER)), row.code, row.in_force_from)
        )

    def fund(self, code: str, on: date) -> Fund | None:
        """Find a fund as of a day."""
        return next(iter(in_force(self._funds.get(code, ()), on)), None)

    def accounts(self, on: date) -> list[Account]:
        """List the chart of a day, in official order."""
        rows = [row for rows in self._accounts.values() for row in in_force(rows, on)]
        return sorted(rows, key=lambda row: (row.book is Book.MEMO, row.code or "~", row.key))

    def every_account(self, on: date) -> list[Account]:
        """List every account of any chart, each as `described` on a day, in official order."""
        rows = [row for key in self._accounts if (row := self.described(key, on)) is not None]
        return sorted(rows, key=lambda row: (row.book is Book.MEMO, row.code or "~", row.key))

    def funds(self, on: date) -> list[Fund]:
        """List the funds of a day: those of the five insurances first, in their usual order."""
        rows = [row for rows in self._funds.values() for row in in_force(rows, on)]
        return sorted(rows, key=lambda row: (_ORDER.get(row.code, len(_ORDER)), row.code))

    def line(self, report: str, line: str, on: date) -> ReportLine | None:
        """Find the name of a statement's line as of a day; None when no row names it."""
        return next(iter(in_force(self._lines.get((report, line), ()), on)), None)

    def senders(self, kind: str, book: Book, debit: str, credit: str, on: date) -> frozenset[str]:
        """List who may post a flow in vouchers of a kind, as of a day; nobody when it is forbidden."""
        flows = in_force(self._flows.get((kind, book), ()), on)
        covering = [flow.senders for flow in flows if flow.covers(debit, credit)]
        return frozenset[str]().union(*covering)


def plain(account: Account) -> dict[str, Any]:
    """Write an account as its row in the file of the chart."""
    return {
        "key": account.key,
        "code": account.code,
        "name": account.name,
        "class": account.account_class,
        "normal_side": account.normal_side.value,
        "parent": account.parent,
        "book": account.book.value,
        "postable": account.postable,
        "funds": " ".join(sorted(account.funds)) or "*",
        "floored": account.floored,
        "in_force_from": account.in_force_from.isoformat(),
        "in_force_to": account.in_force_to.isoformat() if account.in_force_to else None,
        "source": account.source,
        "certainty": account.certainty,
    }
