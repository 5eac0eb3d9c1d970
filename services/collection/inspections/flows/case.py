"""Steps of an inspection case: open, find, give notice, hear, propose, decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.flags import flows as flags_flow
from services.collection.inspections.domain.case import (
    PAPER,
    CaseMonth,
    Inspection,
    InspectionReason,
    InspectionStatus,
    InspectionUnknown,
    NoFindings,
    Objection,
    OpenerDecides,
    require_hearing_over,
    require_in_time,
)
from services.collection.inspections.domain.finding import (
    FindingDraft,
    InspectionFinding,
    draft_faults,
    drop_faults,
)
from services.collection.inspections.domain.recovery import InspectionRecovery
from services.collection.inspections.store import case as inspection_store
from services.collection.inspections.store import finding as finding_store
from services.collection.inspections.store import recovery as inspection_recovery_store
from services.collection.register.domain.person import id_of_person
from services.collection.register.flows import unit as unit_flow
from shared import trail
from shared.cn import identity_number
from shared.errors import Fault, Faulty, SamePersonTwice
from shared.ids import Ref, uuid7
from shared.page import UnitFilter
from shared.roles import Caller
from shared.security.person_name import same_person

BEGINNING = (-1, UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpening:
    """The reason, the document and the note of a case to be opened."""

    reason: InspectionReason
    document: str
    note: str


@dataclass(frozen=True, slots=True)
class InspectionDetail:
    """A case with its findings, objections, and what collects or recovers what was found."""

    case: Inspection
    findings: Sequence[InspectionFinding]
    objections: Sequence[Objection]
    months: Sequence[CaseMonth]
    recoveries: Sequence[InspectionRecovery]


async def open_case(
    tx: AsyncConnection, credit_code: str, opening: CaseOpening, *, today: date, caller: Caller
) -> InspectionDetail:
    """Open a case on a unit.

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    case = Inspection(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=credit_code,
        district=unit.district,
        reason=opening.reason,
        document=opening.document,
        note=opening.note,
        status=InspectionStatus.OPENED,
        round=1,
        opened_by=caller.subject,
        opened_on=today,
    )
    await inspection_store.insert(tx, case)
    await record(tx, case, "open", caller, signs=True, why=opening.note)
    return await detail(tx, case)


async def add_findings(
    tx: AsyncConnection, ref: Ref, drafts: Sequence[FindingDraft], *, pepper: bytes, caller: Caller
) -> InspectionDetail:
    """Add findings to an opened case.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case.
        Faulty: every fault of the findings.
    """
    case = await locked(tx, ref, caller)
    case.require(InspectionStatus.OPENED)
    faults = draft_faults(drafts)
    if faults:
        raise Faulty(faults=faults)
    known = await finding_store.of_case(tx, ref)
    first = len(known) + 1
    if first + len(drafts) - 1 > finding_store.FINDINGS_MAX:
        message = f"一案最多 {finding_store.FINDINGS_MAX} 项 (too many findings for one case)"
        raise Faulty(faults=[Fault("/findings", "FINDINGS_TOO_MANY", message)])
    built = [_finding(number, draft, pepper) for number, draft in enumerate(drafts, first)]
    if await finding_store.insert(tx, ref, built) < len(built):
        message = "本案已有同一人同一月份或同一笔的发现 (the case has a finding of it already)"
        raise Faulty(faults=[Fault("/findings", "FINDING_REPEATED", message)])
    await record(tx, case, "find", caller, detail={"findings": len(built)})
    return await detail(tx, case)


def _finding(number: int, draft: FindingDraft, pepper: bytes) -> InspectionFinding:
    whole = draft.identity_number
    return InspectionFinding(
        number=number,
        kind=draft.kind,
        period=str(draft.period),
        note=draft.note,
        person_id=None if whole is None else id_of_person(whole, pepper),
        masked_number=None if whole is None else identity_number.masked(whole),
        wage_fen=draft.wage_fen,
        claim=draft.claim,
        claim_line=draft.claim_line,
        amount_fen=draft.amount_fen,
    )


async def give_notice(
    tx: AsyncConnection, ref: Ref, *, today: date, caller: Caller
) -> InspectionDetail:
    """Give the unit notice of the findings; its days for an objection begin.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case. NoFindings: nothing was found.
    """
    case = await locked(tx, ref, caller)
    case.require(InspectionStatus.OPENED)
    if not await finding_store.of_case(tx, ref):
        raise NoFindings
    until = today + timedelta(days=await flags_flow.objection_days(tx, today))
    moved = replace(case, status=InspectionStatus.NOTICED, noticed_on=today, objections_until=until)
    return await save(tx, moved, "notice", caller)


async def object_to(
    tx: AsyncConnection,
    ref: Ref,
    content: str,
    document: str | None,
    *,
    today: date,
    caller: Caller,
) -> InspectionDetail:
    """Record an objection of the unit to the findings.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case. ObjectionLate: its days are over.
        OpenerDecides: the caller opened the case, and an objection ends its hearing early.
    """
    case = await locked(tx, ref, caller)
    case.require(InspectionStatus.NOTICED)
    require_other_than_opener(case, caller)
    require_in_time(case, today)
    objection = Objection(
        id=uuid7(), content=content, document=document, made_by=caller.subject, made_on=today
    )
    await inspection_store.insert_objection(tx, ref, objection)
    await record(tx, case, "object", caller, why=content)
    return await detail(tx, case)


async def propose(
    tx: AsyncConnection,
    ref: Ref,
    dropped: Mapping[int, str],
    note: str,
    *,
    today: date,
    caller: Caller,
) -> InspectionDetail:
    """Propose the decision: which findings are dropped, with the reason; the others are upheld.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case.
        HearingRuns: the unit may still object. OpenerDecides: the caller opened the case.
        Faulty: findings that the case does not have.
    """
    case = await locked(tx, ref, caller)
    case.require(InspectionStatus.NOTICED)
    require_other_than_opener(case, caller)
    require_hearing_over(case, await inspection_store.objections(tx, ref), today)
    faults = drop_faults(await finding_store.of_case(tx, ref), dropped)
    if faults:
        raise Faulty(faults=faults)
    await finding_store.drop(tx, ref, dropped)
    moved = replace(case, status=InspectionStatus.PROPOSED, proposed_by=caller.subject)
    return await save(tx, moved, "propose", caller, signs=True, why=note)


async def approve(
    tx: AsyncConnection, ref: Ref, *, today: date, caller: Caller
) -> InspectionDetail:
    """Approve the proposed decision, as a third person; wrong benefits are ordered to be recovered.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case.
        OpenerDecides: the caller opened it. SamePersonTwice: the caller proposed the decision.
    """
    case = await locked(tx, ref, caller)
    case.require(InspectionStatus.PROPOSED)
    require_other_than_opener(case, caller)
    moved = replace(
        case, status=InspectionStatus.DECIDED, decided_by=caller.subject, decided_on=today
    )
    await record(tx, moved, "decide", caller, signs=True)
    await inspection_store.save(tx, moved)
    await inspection_recovery_store.order(tx, ref)
    return await detail(tx, moved)


async def send_back(
    tx: AsyncConnection, ref: Ref, note: str, *, caller: Caller
) -> InspectionDetail:
    """Send a proposed decision back; another may be proposed in the next round.

    Raises:
        InspectionUnknown, Forbidden, InspectionState: the case.
        OpenerDecides: the caller opened it.
    """
    case = await locked(tx, ref, caller)
    case.require(InspectionStatus.PROPOSED)
    require_other_than_opener(case, caller)
    await record(tx, case, "send_back", caller, why=note)
    await finding_store.drop(tx, ref, {})
    moved = replace(case, status=InspectionStatus.NOTICED, proposed_by=None, round=case.round + 1)
    await inspection_store.save(tx, moved)
    return await detail(tx, moved)


def require_other_than_opener(case: Inspection, caller: Caller) -> None:
    """Refuse the person who opened the case.

    Raises:
        OpenerDecides: the caller opened it.
    """
    if same_person(case.opened_by, caller.subject):
        raise OpenerDecides


def require_may_withdraw(case: Inspection, caller: Caller) -> None:
    """Refuse the two people of a decision: neither of them withdraws it.

    Raises:
        SamePersonTwice: the caller proposed or approved it.
    """
    signed = (case.proposed_by, case.decided_by) if case.decided_by else ()
    if any(same_person(by, caller.subject) for by in signed if by):
        raise SamePersonTwice(person=caller.subject, step="close")


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> InspectionDetail:
    """Read a case that the caller may see.

    Raises:
        InspectionUnknown: no such case. Forbidden: of another district.
    """
    case = await inspection_store.find(tx, ref)
    if case is None:
        raise InspectionUnknown
    caller.require_district(case.district)
    return await detail(tx, case)


async def page(
    tx: AsyncConnection,
    filters: Mapping[str, Any],
    *,
    unit_id: UnitFilter,
    after: tuple[int, UUID],
    limit: int,
) -> list[Inspection]:
    """List cases of a unit, a district, a status."""
    return await inspection_store.page(
        tx, unit_id=unit_id, filters=filters, after=after, limit=limit
    )


async def locked(tx: AsyncConnection, ref: Ref, caller: Caller) -> Inspection:
    """Read and lock a case for a step.

    Raises:
        InspectionUnknown: no such case. Forbidden: of another district.
    """
    case = await inspection_store.find(tx, ref, lock=True)
    if case is None:
        raise InspectionUnknown
    caller.require_district(case.district)
    return case


async def detail(tx: AsyncConnection, case: Inspection) -> InspectionDetail:
    """Read what belongs to a case."""
    return InspectionDetail(
        case,
        await finding_store.of_case(tx, case.ref),
        await inspection_store.objections(tx, case.ref),
        await inspection_store.months(tx, case.ref),
        await inspection_recovery_store.of_case(tx, case.ref),
    )


async def save(
    tx: AsyncConnection,
    case: Inspection,
    step: str,
    caller: Caller,
    *,
    signs: bool = False,
    why: str | None = None,
) -> InspectionDetail:
    """Record a step and write what it has changed."""
    await record(tx, case, step, caller, signs=signs, why=why)
    await inspection_store.save(tx, case)
    return await detail(tx, case)


async def record(
    tx: AsyncConnection,
    case: Inspection,
    step: str,
    caller: Caller,
    *,
    signs: bool = False,
    why: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write a step on the trail.

    Raises:
        SamePersonTwice: the caller has signed this round of the case.
    """
    await trail.record(
        tx,
        trail.Step(
            shard_key=case.unit_id,
            paper=PAPER,
            paper_id=case.id,
            step=step,
            signs=signs,
            round=case.round,
            why=why,
            detail=detail,
        ),
        caller,
    )
