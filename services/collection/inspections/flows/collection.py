"""Collect what a decided case has found (补收), and close the case.

The money takes no way of its own: each month is corrected by an ordinary declaration, which passes
the two levels, is billed, and bears late fees like any other.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.records import LeviedDeclaration
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.flows import wage_correction as wage_correction_flow
from services.collection.filing.flows.wage_correction import WageCorrection
from services.collection.flags import flows as flags_flow
from services.collection.flags.flows import ClosedInspection
from services.collection.inspections.domain.case import (
    Inspection,
    InspectionOutcome,
    InspectionState,
    InspectionStatus,
    NotCollected,
    closing_faults,
    collects_after,
    require_closable,
)
from services.collection.inspections.domain.finding import wages_of
from services.collection.inspections.flows import case as inspection_flow
from services.collection.inspections.flows.case import InspectionDetail
from services.collection.inspections.store import case as inspection_store
from services.collection.inspections.store import finding as finding_store
from services.collection.inspections.store import recovery as inspection_recovery_store
from services.collection.inspections.store import total as inspection_total_store
from services.collection.inspections.store.total import CollectedTotal
from services.collection.register.flows.enrolment import Vault
from shared.errors import Fault, Faulty
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

REASON: Final = "INSPECTION"
CANCELLED: Final = "稽核案件已撤销 (the inspection case is withdrawn)"


async def correct_month(
    tx: AsyncConnection, ref: Ref, period: Period, *, region: str, vault: Vault, caller: Caller
) -> LeviedDeclaration:
    """Correct a month by its upheld findings: the declared month with the wages that were found.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case.
        Faulty: no upheld finding of that month, no list to correct, or a fault in the month.
            The corrected month would owe less.
        NotBilledYet, CorrectionUnfinished: the month's last declaration has to be billed first.
    """
    case = await inspection_flow.locked(tx, ref, caller)
    case.require(InspectionStatus.DECIDED)
    findings = await finding_store.of_case(tx, ref)
    if not any(one.upheld and one.collects and one.period == str(period) for one in findings):
        message = "该月没有成立的发现 (no finding of that month is upheld)"
        raise Faulty(faults=[Fault("/period", "NOTHING_TO_COLLECT", message)])
    correction = WageCorrection(
        credit_code=case.credit_code,
        period=period,
        wages=wages_of(findings, period),
        reason_code=REASON,
        note=f"稽核补收 {case.document}",
    )
    levied = await wage_correction_flow.submit(
        tx, correction, region=region, vault=vault, caller=caller
    )
    if levied.row.total_fen < 0:
        message = "更正后应缴减少,须由单位更正 (it would owe less: let the unit correct the month)"
        raise Faulty(faults=[Fault("/period", "CORRECTION_LOWERS", message)])
    await _link(tx, case, levied, caller)
    return levied


async def link_declaration(
    tx: AsyncConnection, ref: Ref, declaration: Ref, *, caller: Caller
) -> InspectionDetail:
    """Let a declaration that the unit handed in itself collect what was found in its month.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case. NotFound: no such declaration.
        Faulty: it is of another unit or month, was paid or handed in before the decision, or
            another case has it.
    """
    case = await inspection_flow.locked(tx, ref, caller)
    case.require(InspectionStatus.DECIDED)
    levied = await filing_declaration_flow.read(tx, declaration, caller)
    row = levied.row
    findings = await finding_store.of_case(tx, ref)
    found = {one.period for one in findings if one.upheld and one.collects}
    if row.unit_id != case.unit_id or row.period not in found:
        message = "该申报的单位或月份不在本案发现之内 (no upheld finding of its unit and month)"
        raise Faulty(faults=[Fault("/declaration", "NOTHING_TO_COLLECT", message)])
    if row.status == State.SETTLED:
        message = "该申报已缴清,不是本案的补缴 (it was paid before, so it collects nothing here)"
        raise Faulty(faults=[Fault("/declaration", "DECLARATION_SETTLED", message)])
    if not collects_after(row.submitted_at, await inspection_store.decided_at(tx, case)):
        message = "该申报在处理决定之前提交 (it was handed in before the decision)"
        raise Faulty(faults=[Fault("/declaration", "DECLARED_BEFORE_DECISION", message)])
    await _link(tx, case, levied, caller)
    return await inspection_flow.detail(tx, case)


async def _link(
    tx: AsyncConnection, case: Inspection, levied: LeviedDeclaration, caller: Caller
) -> None:
    row = levied.row
    if not await inspection_store.link(tx, case.ref, row.period, row.id):
        if await inspection_store.owner_of(tx, row.unit_id, row.id) == case.id:
            return
        message = "该申报已属于另一稽核案件 (another case has this declaration)"
        raise Faulty(faults=[Fault("/declaration", "DECLARATION_OF_ANOTHER_CASE", message)])
    named = Ref(row.unit_id, row.id).text(Reference.DECLARATION)
    details = {"period": row.period, "declaration": named}
    await inspection_flow.record(tx, case, "collect", caller, detail=details)


async def close(
    tx: AsyncConnection,
    ref: Ref,
    outcome: InspectionOutcome,
    reason: str | None,
    *,
    today: date,
    caller: Caller,
) -> InspectionDetail:
    """Close a case, as another person than its opener, and file the flag that the rules demand.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case. OpenerDecides: the caller opened it.
        SamePersonTwice: the caller signed the decision that is withdrawn.
        NotCollected: something that the decision demands is open. Faulty: the reason is missing.
    """
    case = await inspection_flow.locked(tx, ref, caller)
    require_closable(case, outcome)
    inspection_flow.require_other_than_opener(case, caller)
    if outcome is InspectionOutcome.WITHDRAWN:
        inspection_flow.require_may_withdraw(case, caller)
    if outcome is not InspectionOutcome.COLLECTED and not reason:
        message = "须说明理由 (this outcome needs a reason)"
        raise Faulty(faults=[Fault("/reason", "REASON_MISSING", message)])
    findings = await finding_store.of_case(tx, ref)
    orders = await inspection_recovery_store.of_case(tx, ref, lock=True)
    faults = closing_faults(outcome, findings, await inspection_store.months(tx, ref), orders)
    if faults and outcome is InspectionOutcome.COLLECTED:
        raise NotCollected(faults=faults)
    if faults:
        raise InspectionState(faults=faults, status=case.status.value)
    if outcome is InspectionOutcome.WITHDRAWN:
        await inspection_recovery_store.cancel(tx, ref, CANCELLED)
    closed = replace(
        case,
        status=InspectionStatus.CLOSED,
        outcome=outcome,
        outcome_reason=reason,
        closed_by=caller.subject,
        closed_on=today,
    )
    cause = ClosedInspection(
        credit_code=case.credit_code,
        outcome=outcome.value,
        reference=case.reference,
        document=case.document,
    )
    await flags_flow.propose_after(tx, cause, today=today, caller=caller)
    return await inspection_flow.save(tx, closed, "close", caller, why=reason)


async def totals(
    tx: AsyncConnection, *, year: int | None, district: str | None, caller: Caller
) -> list[CollectedTotal]:
    """Add up the money that came in for findings, by year, district and insurance.

    Raises:
        Forbidden: another district than the caller's.
    """
    return await inspection_total_store.totals(tx, year=year, district=caller.scope(district))
