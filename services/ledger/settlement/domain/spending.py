"""A month of the expenditure account (支出户) by fund and benefit account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

FundAccount = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPart:
    """Money that a posted settlement brought, for one account if it named one; `plan` is payout's."""

    settlement: UUID
    day: date
    plan: str | None
    fund: str
    account: str | None
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpending:
    """One account's part of a month, and its budget of the year.

    `budget_fen` is None where the fund has no budget; `year_funded_fen` counts the whole year, and
    `unplanned_fen` the part of it that names no plan. `account` is None for money that named none.
    """

    account: str | None
    received_fen: int
    paid_fen: int
    returned_fen: int
    budget_fen: int | None
    year_funded_fen: int
    unplanned_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundSpending:
    """One fund's month: opening + received − paid + returned + other = closing.

    `other` is what moved otherwise: interest, adjustment money, recoveries, reversals. `held_fen` is
    what holds keep now.
    """

    fund: str
    opening_fen: int
    closing_fen: int
    held_fen: int
    accounts: Sequence[AccountSpending]
    fundings: Sequence[FundingPart]

    @property
    def received_fen(self) -> int:
        """Sum what settlements brought."""
        return sum(one.received_fen for one in self.accounts)

    @property
    def paid_fen(self) -> int:
        """Sum what the bank paid out."""
        return sum(one.paid_fen for one in self.accounts)

    @property
    def returned_fen(self) -> int:
        """Sum what came back."""
        return sum(one.returned_fen for one in self.accounts)

    @property
    def other_fen(self) -> int:
        """Compute what moved otherwise."""
        moved_fen = self.received_fen - self.paid_fen + self.returned_fen
        return self.closing_fen - self.opening_fen - moved_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingFacts:
    """The sums that a month is built from, by fund, or by fund and account."""

    balances: Mapping[str, tuple[int, int]]
    held: Mapping[str, int]
    paid: Mapping[FundAccount, int]
    returned: Mapping[FundAccount, int]
    fundings: Sequence[FundingPart]
    """Of the whole year."""
    budget: Mapping[FundAccount, int]


def spending_of(facts: SpendingFacts, first: date, last: date) -> list[FundSpending]:
    """Build the month of every fund that has a budget, a balance or a movement."""
    received: dict[FundAccount, int] = {}
    of_year: dict[FundAccount, int] = {}
    unplanned: dict[FundAccount, int] = {}
    for one in facts.fundings:
        key = (one.fund, one.account)
        of_year[key] = of_year.get(key, 0) + one.amount_fen
        if one.plan is None:
            unplanned[key] = unplanned.get(key, 0) + one.amount_fen
        if first <= one.day <= last:
            received[key] = received.get(key, 0) + one.amount_fen
    keys = {*received, *of_year, *facts.paid, *facts.returned, *facts.budget}
    budgeted = {fund for fund, _ in facts.budget}
    return [
        FundSpending(
            fund=fund,
            opening_fen=facts.balances.get(fund, (0, 0))[0],
            closing_fen=facts.balances.get(fund, (0, 0))[1],
            held_fen=facts.held.get(fund, 0),
            accounts=[
                AccountSpending(
                    account=account,
                    received_fen=received.get((fund, account), 0),
                    paid_fen=facts.paid.get((fund, account), 0),
                    returned_fen=facts.returned.get((fund, account), 0),
                    budget_fen=facts.budget.get((fund, account), 0) if fund in budgeted else None,
                    year_funded_fen=of_year.get((fund, account), 0),
                    unplanned_fen=unplanned.get((fund, account), 0),
                )
                for account in sorted((a for f, a in keys if f == fund), key=lambda a: a or "")
            ],
            fundings=[
                one for one in facts.fundings if one.fund == fund and first <= one.day <= last
            ],
        )
        for fund in sorted({fund for fund, _ in keys} | set(facts.balances) | set(facts.held))
    ]
