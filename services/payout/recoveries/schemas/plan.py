"""Shapes of plans of recovery cases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.payout.common.schemas import Day, Note
from services.payout.recoveries.domain.plan import Instalment, PlanStatus, RecoveryPlan
from shared.references import Reference
from shared.schema import In, Out, PeriodField, PositiveYuan, YuanOut


class InstalmentIn(In):
    """An amount that is to come back by a day."""

    due_on: Day = Field(examples=["2021-12-31"])
    amount: PositiveYuan = Field(examples=["500.00"])


class RecoveryPlanIn(In):
    """How a case is to be settled: by instalments, by deduction from later payments, or by both."""

    deduct_from: PeriodField | None = Field(
        default=None, description="自该月起从待遇中抵扣 (first month of which a part is kept back)"
    )
    monthly: PositiveYuan | None = Field(
        default=None,
        examples=["300.00"],
        description="每月至多抵扣,不得超过规定限额 (the most of a month, within the rule's limit)",
    )
    instalments: list[InstalmentIn] = Field(default=[], max_length=120)

    def parts(self) -> list[Instalment]:
        """Turn the instalments into the domain's values."""
        return [Instalment(one.due_on, one.amount) for one in self.instalments]


class PlanApprovalIn(In):
    """An empty body."""


class PlanRefusalIn(In):
    """The reason for refusing a plan."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class InstalmentOut(Out):
    """An amount that is to come back by a day."""

    due_on: Day
    amount: YuanOut


class RecoveryPlanOut(Out):
    """A plan of a case."""

    id: str = Field(examples=[Reference.RECOVERY_PLAN.example])
    case: str = Field(examples=[Reference.RECOVERY_CASE.example])
    deduct_from: PeriodField | None
    monthly: YuanOut | None
    instalments: list[InstalmentOut]
    status: PlanStatus
    proposed_by: str
    decided_by: str | None

    @classmethod
    def of(cls, plan: RecoveryPlan) -> RecoveryPlanOut:
        """Build it from a stored plan."""
        return cls(
            id=plan.ref.text(Reference.RECOVERY_PLAN),
            case=plan.case.text(Reference.RECOVERY_CASE),
            deduct_from=plan.deduct_from,
            monthly=plan.monthly_fen,
            instalments=[
                InstalmentOut(due_on=one.due_on, amount=one.amount_fen) for one in plan.instalments
            ],
            status=plan.status,
            proposed_by=plan.proposed_by,
            decided_by=plan.decided_by,
        )


class RecoveryPlansOut(Out):
    """The plans of a case, oldest first."""

    items: list[RecoveryPlanOut]
