"""Balances out of sums of debits and credits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from services.ledger.rules.domain.chart import Catalogue
from shared.entry import Account, Side

ALWAYS_SHOWN: Final = (
    Account.INCOME_DEPOSIT,
    Account.FISCAL_DEPOSIT,
    Account.EXPENDITURE_DEPOSIT,
    Account.TREASURY_DEPOSIT,
    Account.MEMO_RECEIVABLE,
)
"""Accounts that a dashboard sees in every fund, touched or not."""


class Sum(NamedTuple):
    """Debits and credits of one account in one fund and book."""

    book: str
    fund: str
    account: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One account of a trial balance: its net balance stands on one side."""

    account: str
    code: str
    name: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class Trial:
    """The trial balance of one fund and book; the difference is zero or the books are broken."""

    fund: str
    book: str
    lines: tuple[TrialLine, ...]

    @property
    def debit_fen(self) -> int:
        """Sum of the debit column."""
        return sum(line.debit_fen for line in self.lines)

    @property
    def credit_fen(self) -> int:
        """Sum of the credit column."""
        return sum(line.credit_fen for line in self.lines)


def on_normal_side(catalogue: Catalogue, row: Sum, on: date) -> int:
    """Balance of an account counted on the side that raises it; below zero is the other side."""
    account = catalogue.described(row.account, on)
    net_fen = row.debit_fen - row.credit_fen
    return -net_fen if account is not None and account.normal_side is Side.CREDIT else net_fen


def by_fund(catalogue: Catalogue, sums: Iterable[Sum], on: date) -> Mapping[str, Mapping[str, int]]:
    """fund → account → balance on its normal side, for every fund in force that day."""
    funds = {fund.code: dict.fromkeys(ALWAYS_SHOWN, 0) for fund in catalogue.funds(on)}
    for row in sums:
        accounts = funds.setdefault(row.fund, dict.fromkeys(ALWAYS_SHOWN, 0))
        accounts[row.account] = accounts.get(row.account, 0) + on_normal_side(catalogue, row, on)
    return funds


def trial_balances(catalogue: Catalogue, sums: Iterable[Sum], on: date) -> list[Trial]:
    """One trial balance per fund and book that has postings, in order of fund and book."""
    groups: dict[tuple[str, str], list[TrialLine]] = {}
    for row in sums:
        account = catalogue.described(row.account, on)
        net_fen = row.debit_fen - row.credit_fen
        line = TrialLine(
            account=row.account,
            code=account.code if account else "",
            name=account.name if account else row.account,
            debit_fen=max(net_fen, 0),
            credit_fen=max(-net_fen, 0),
        )
        groups.setdefault((row.fund, row.book), []).append(line)
    return [
        Trial(fund, book, tuple(sorted(lines, key=lambda line: (line.code or "~", line.account))))
        for (fund, book), lines in sorted(groups.items())
    ]
