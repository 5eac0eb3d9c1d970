"""Balances and trial balances, computed from sums of debits and credits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
"""Accounts shown for every fund, with postings or without."""


class Sum(NamedTuple):
    """Debits and credits of one account in one fund and book."""

    book: str
    fund: str
    account: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One account of a trial balance: its net balance is on one side."""

    account: str
    code: str
    name: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class FundTrialBalance:
    """The trial balance of one fund and book; debits equal credits unless the books are damaged."""

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
    """Return an account's balance on its normal side; negative if it lies on the other side."""
    account = catalogue.described(row.account, on)
    net_fen = row.debit_fen - row.credit_fen
    return -net_fen if account is not None and account.normal_side is Side.CREDIT else net_fen


def by_fund(catalogue: Catalogue, sums: Iterable[Sum], on: date) -> Mapping[str, Mapping[str, int]]:
    """Return fund → account → balance on its normal side, for every fund in force on a day."""
    funds = {fund.code: dict.fromkeys(ALWAYS_SHOWN, 0) for fund in catalogue.funds(on)}
    for row in sums:
        accounts = funds.setdefault(row.fund, dict.fromkeys(ALWAYS_SHOWN, 0))
        accounts[row.account] = accounts.get(row.account, 0) + on_normal_side(catalogue, row, on)
    return funds


def trial_balances(catalogue: Catalogue, sums: Iterable[Sum], on: date) -> list[FundTrialBalance]:
    """Return one trial balance per fund and book with postings, in order of fund and book."""
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
        FundTrialBalance(
            fund, book, tuple(sorted(lines, key=lambda line: (line.code or "~", line.account)))
        )
        for (fund, book), lines in sorted(groups.items())
    ]


def nets(sums: Iterable[Sum]) -> dict[str, int]:
    """Return debits minus credits of each account."""
    found: dict[str, int] = {}
    for row in sums:
        found[row.account] = found.get(row.account, 0) + row.debit_fen - row.credit_fen
    return found


def minus(first: Sequence[Sum], second: Iterable[Sum]) -> list[Sum]:
    """Subtract the second sums from the first."""
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
