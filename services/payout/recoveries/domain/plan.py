"""Plans of recovery cases: instalments, and deductions from later payments, by two people.

A deduction stays within the dated rule of its kind: a share of the month's payment, above a floor
that the person keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Final

from shared.errors import Fault, Kind, Refusal
from shared.ids import Ref
from shared.money import format_yuan
from shared.period import Period

PAPER: Final = "recovery_plan"


class PlanStatus(StrEnum):
    """The states of a plan."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    REPLACED = "replaced"


class RecoveryPlanState(Refusal):
    """该计划已有结论,或另有计划待批 (the plan is decided already, or another one waits)"""

    kind = Kind.CONFLICT
    code = "RECOVERY_PLAN_STATE"


@dataclass(frozen=True, slots=True)
class Instalment:
    """An amount that is to come back by a day."""

    due_on: date
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPlan:
    """A stored plan. From the month `deduct_from` on, runs keep back up to `monthly_fen`."""

    ref: Ref
    case: Ref
    deduct_from: Period | None
    monthly_fen: int | None
    instalments: Sequence[Instalment]
    status: PlanStatus = PlanStatus.PROPOSED
    proposed_by: str
    decided_by: str | None = None


def plan_faults(plan: RecoveryPlan, open_fen: int, *, deductible: bool) -> list[Fault]:
    """Find every fault in a plan for an open amount."""
    faults = []
    if plan.deduct_from is None and not plan.instalments:
        message = "须有分期或抵扣 (instalments or a deduction)"
        faults.append(Fault("/instalments", "PLAN_EMPTY", message))
    if plan.deduct_from is not None and not deductible:
        message = "此类案件不从月度待遇抵扣 (only a monthly benefit can be deducted from)"
        faults.append(Fault("/deduct_from", "NOT_DEDUCTIBLE", message))
    if plan.monthly_fen is not None and plan.deduct_from is None:
        message = "须填起始月 (needs the first month)"
        faults.append(Fault("/deduct_from", "MEMBER_MISSING", message))
    if sum(one.amount_fen for one in plan.instalments) > open_fen:
        message = f"分期合计超过待追回金额 {format_yuan(open_fen)} (more than is open)"
        faults.append(Fault("/instalments", "RECOVERY_TOO_LARGE", message))
    days = [one.due_on for one in plan.instalments]
    if any(later <= earlier for earlier, later in pairwise(days)):
        message = "日期须依次后延 (the days must follow each other)"
        faults.append(Fault("/instalments", "DAYS_REVERSED", message))
    return faults


@dataclass(frozen=True, slots=True)
class DeductionRule:
    """The most that is kept back of a month's payment: a share in percent, above a floor."""

    percent: int
    floor_fen: int


def most_deducted_fen(rule: DeductionRule, payment_fen: int, wanted_fen: int) -> int:
    """Compute what a run keeps back of a month's payment; `store/deduction.py` has the same rule."""
    share_fen = payment_fen * rule.percent // 100
    return max(0, min(wanted_fen, share_fen, payment_fen - rule.floor_fen))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClaim:
    """The amount that a person's case may still take: at most `wanted_fen` of a month."""

    case: Ref
    wanted_fen: int


def allot(kept_fen: int, cases: Sequence[CaseClaim]) -> list[tuple[Ref, int]]:
    """Divide what a run kept back of a person over the cases, the oldest first."""
    allotted = []
    for one in sorted(cases, key=lambda case: case.case.id):
        fen = min(kept_fen, one.wanted_fen)
        if fen:
            kept_fen -= fen
            allotted.append((one.case, fen))
    assert kept_fen == 0, "a run kept back more than its cases may take"
    return allotted
