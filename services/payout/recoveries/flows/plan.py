"""Proposing, deciding and reading plans of recovery cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.recoveries.domain.case import CaseCause, CaseStatus, RecoveryCaseState
from services.payout.recoveries.domain.plan import (
    PAPER,
    Instalment,
    PlanStatus,
    RecoveryPlan,
    RecoveryPlanState,
    plan_faults,
)
from services.payout.recoveries.flows import case as recovery_case_flow
from services.payout.recoveries.store import plan as plan_store
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller


async def propose(
    tx: AsyncConnection,
    case_ref: Ref,
    *,
    deduct_from: Period | None,
    monthly_fen: int | None,
    instalments: Sequence[Instalment],
    caller: Caller,
) -> RecoveryPlan:
    """Propose how a case is settled; it counts once another person approves it.

    Raises:
        RecoveryCaseUnknown: no such case.
        Forbidden: another district's.
        RecoveryCaseState: the case is not confirmed.
        Faulty: every fault of the plan.
        RecoveryPlanState: another plan of the case waits.
    """
    case = await recovery_case_flow.locked(tx, case_ref)
    caller.require_district(case.district)
    if case.status is not CaseStatus.CONFIRMED:
        raise RecoveryCaseState(status=case.status.value)
    plan = RecoveryPlan(
        ref=Ref.new(case_ref.key),
        case=case_ref,
        deduct_from=deduct_from,
        monthly_fen=monthly_fen,
        instalments=instalments,
        proposed_by=caller.subject,
    )
    deductible = case.cause is CaseCause.OVERPAID
    require_faultless(plan_faults(plan, case.open_fen, deductible=deductible))
    await plan_store.insert(tx, plan)
    await _record(tx, plan, "proposed", caller)
    return plan


async def decide(
    tx: AsyncConnection, ref: Ref, status: PlanStatus, note: str | None, *, caller: Caller
) -> RecoveryPlan:
    """Approve or refuse a proposed plan; an approved one replaces the one before it.

    Raises:
        NotFound: no such plan.
        Forbidden: another district's.
        RecoveryPlanState: it is decided already.
        SamePersonTwice: the caller proposed it.
    """
    plan = await plan_store.load(tx, ref)
    if plan is None:
        raise NotFound(recovery_plan=ref.text(Reference.RECOVERY_PLAN))
    await recovery_case_flow.find(tx, plan.case, caller=caller)
    await _record(tx, plan, status.value, caller, why=note)
    if plan.status is not PlanStatus.PROPOSED:
        raise RecoveryPlanState(status=plan.status.value)
    await plan_store.decide(tx, plan, status, caller.subject)
    return replace(plan, status=status, decided_by=caller.subject)


async def of_case(tx: AsyncConnection, case: Ref, *, caller: Caller) -> list[RecoveryPlan]:
    """Read the plans of a case that the caller may see, oldest first.

    Raises:
        RecoveryCaseUnknown, Forbidden: see `recovery_case_flow.find`.
    """
    await recovery_case_flow.find(tx, case, caller=caller)
    return await plan_store.of_case(tx, case)


async def _record(
    tx: AsyncConnection, plan: RecoveryPlan, step: str, caller: Caller, *, why: str | None = None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=plan.ref.key,
            paper=PAPER,
            paper_id=plan.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={"case": plan.case.text(Reference.RECOVERY_CASE)},
        ),
        caller,
    )
