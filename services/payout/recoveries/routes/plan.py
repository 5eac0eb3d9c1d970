"""Doors of plans of recovery cases."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.payout.recoveries.domain.plan import PlanStatus
from services.payout.recoveries.flows import plan as plan_flow
from services.payout.recoveries.schemas.plan import (
    PlanApprovalIn,
    PlanRefusalIn,
    RecoveryPlanIn,
    RecoveryPlanOut,
    RecoveryPlansOut,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["recoveries"])


@router.post(
    "/v1/recovery-cases/{case}/plans",
    operation_id="propose_recovery_plan",
    summary="提出还款或抵扣计划 · Propose instalments or a deduction from later payments",
    status_code=201,
    response_model=RecoveryPlanOut,
)
async def propose_recovery_plan(
    case: RefPath, body: RecoveryPlanIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Propose a plan for a confirmed case; another person approves it."""
    ref = Ref.parse(Reference.RECOVERY_CASE, case)
    return await at.write(
        lambda tx: plan_flow.propose(
            tx,
            ref,
            deduct_from=body.deduct_from,
            monthly_fen=body.monthly,
            instalments=body.parts(),
            caller=at.caller,
        ),
        shape=RecoveryPlanOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/recovery-plans/{plan}/approvals",
    operation_id="approve_recovery_plan",
    summary="批准还款或抵扣计划 · Approve a plan",
    status_code=201,
    response_model=RecoveryPlanOut,
)
async def approve_recovery_plan(
    plan: RefPath, _: PlanApprovalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Approve a plan as another person; runs filed from then on keep back what it says."""
    return await _decide(plan, PlanStatus.APPROVED, None, at)


@router.post(
    "/v1/recovery-plans/{plan}/refusals",
    operation_id="refuse_recovery_plan",
    summary="不予批准计划 · Refuse a plan",
    status_code=201,
    response_model=RecoveryPlanOut,
)
async def refuse_recovery_plan(
    plan: RefPath, body: PlanRefusalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Refuse a plan with the reason."""
    return await _decide(plan, PlanStatus.REFUSED, body.note, at)


async def _decide(plan: str, status: PlanStatus, note: str | None, at: Door) -> Response:
    ref = Ref.parse(Reference.RECOVERY_PLAN, plan)
    return await at.write(
        lambda tx: plan_flow.decide(tx, ref, status, note, caller=at.caller),
        shape=RecoveryPlanOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/recovery-cases/{case}/plans",
    operation_id="list_recovery_plans",
    summary="案件计划 · Plans of a case",
)
async def list_recovery_plans(
    case: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> RecoveryPlansOut:
    """List the plans of a case, oldest first."""
    ref = Ref.parse(Reference.RECOVERY_CASE, case)
    plans = await at.read(lambda tx: plan_flow.of_case(tx, ref, caller=at.caller))
    return RecoveryPlansOut(items=[RecoveryPlanOut.of(plan) for plan in plans])
