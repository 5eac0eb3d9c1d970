"""Funding plans (用款计划): the approved claims of a fund that a month's money is asked for.

A claim is in one plan. Claims that are approved after a plan go into a supplementary plan of the
month. A plan that another person approves is the request to finance (请款单).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref, key_of
from shared.money import format_yuan
from shared.period import Period

PAPER: Final = "funding_plan"
CLAIMS_MAX: Final = 10_000
"""The most claims in one plan; a supplementary plan takes the rest."""
MONTHS_BACK: Final = 24
"""Months back in which a plan looks for approved claims that no plan has."""


class FundingPlanStatus(StrEnum):
    """The states of a funding plan."""

    PROPOSED = "proposed"
    APPROVED = "approved"  # 已请款
    REFUSED = "refused"


class NothingToPlan(Refusal):
    """没有待列入用款计划的已批申请 (no approved claim of the fund waits for a plan)"""

    kind = Kind.INVALID
    code = "NOTHING_TO_PLAN"


class FundingPlanWaits(Refusal):
    """该基金该月已有待批的用款计划 (a plan of this fund and month waits for its decision)"""

    kind = Kind.CONFLICT
    code = "FUNDING_PLAN_WAITS"


class FundingPlanDecided(Refusal):
    """该用款计划已有结论 (the plan is approved or refused already)"""

    kind = Kind.CONFLICT
    code = "FUNDING_PLAN_DECIDED"


class OverBudget(Refusal):
    """超出预算;须先调整预算 (beyond the budget: adjust the budget first)"""

    kind = Kind.CONFLICT
    code = "OVER_BUDGET"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPart:
    """One claim in a plan: its amount still to be paid out."""

    part_no: int
    claim: Ref
    kind: str
    district: str
    period: Period
    account: str
    lines: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetExcess:
    """An account whose plans come to more than its budget of the year."""

    account: str
    budget_fen: int
    used_fen: int
    amount_fen: int

    def __str__(self) -> str:
        """Say by how much."""
        return (
            f"{self.account}: budget={format_yuan(self.budget_fen)},"
            f" used={format_yuan(self.used_fen)}, asked={format_yuan(self.amount_fen)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPlan:
    """A plan's head. `number` is 1 for the month's first plan, then 2 and so on: supplementary.

    `warnings` are excesses over the budget that the rule in force does not refuse.
    """

    ref: Ref
    fund: str
    month: Period
    number: int
    status: FundingPlanStatus
    claims: int
    total_fen: int
    note: str
    warnings: Sequence[str]
    proposed_by: str
    proposed_on: date
    decided_by: str | None = None
    decided_on: date | None = None

    @property
    def is_supplementary(self) -> bool:
        """Tell whether the month had a plan before."""
        return self.number > 1


@dataclass(frozen=True, slots=True)
class AccountBudget:
    """The budget of an account for a year, and what was funded without a plan.

    `budget_fen` is None where the fund has no budget: then nothing limits it.
    """

    budget_fen: int | None
    unplanned_fen: int


def plan_key(fund: str, month: Period) -> int:
    """Compute the shard key of the plans of a fund and month, so that the database can tell them."""
    return key_of("funding_plan", f"{fund}:{month}")


def by_account(parts: Sequence[PlanPart]) -> dict[str, int]:
    """Sum a plan: account → fen."""
    sums: dict[str, int] = {}
    for part in parts:
        sums[part.account] = sums.get(part.account, 0) + part.amount_fen
    return sums


def excesses(
    asked: Mapping[str, int],
    planned: Mapping[str, int],
    budgets: Mapping[str, AccountBudget],
    *,
    has_budget: bool,
) -> list[BudgetExcess]:
    """Find the accounts whose plans of the year come to more than the budget.

    Args:
        asked: account → fen of this plan.
        planned: account → fen of the year's other plans that are not refused.
        budgets: account → budget as the ledger has it.
        has_budget: the fund has a budget this year; an account without a row has zero.
    """
    if not has_budget:
        return []
    found = []
    for account, fen in sorted(asked.items()):
        row = budgets.get(account, AccountBudget(0, 0))
        budget_fen = row.budget_fen or 0
        used_fen = planned.get(account, 0) + row.unplanned_fen
        if used_fen + fen > budget_fen:
            found.append(
                BudgetExcess(
                    account=account, budget_fen=budget_fen, used_fen=used_fen, amount_fen=fen
                )
            )
    return found


def refused_over_budget(found: Sequence[BudgetExcess]) -> OverBudget:
    """Build the refusal that names every excess."""
    faults = [Fault(f"/accounts/{one.account}", OverBudget.code, str(one)) for one in found]
    return OverBudget(faults=faults, count=len(faults))
