"""The first three steps, and returns and refusals of every step, over many applications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.qualifications.domain.qualification import (
    Qualification,
    QualificationStatus,
    QualificationStep,
    StepDecision,
)
from services.payout.qualifications.domain.step import list_faults, note_faults, step_faults
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.store import qualification as qualification_store
from shared.errors import Fault
from shared.roles import Caller


async def sign(
    tx: AsyncConnection,
    district: str,
    ids: Sequence[UUID],
    decision: StepDecision,
    note: str | None,
    *,
    caller: Caller,
) -> list[Qualification]:
    """Take the step of each application that waits for the caller, all or none.

    Raises:
        Forbidden: another district.
        Faulty: every application that is unknown, blocked, or waits for another step.
        SamePersonTwice: the caller has signed one of them in this round.
    """
    papers = await locked(tx, district, ids, caller=caller)
    faults = note_faults(decision, note) + step_faults(papers, decision, caller)
    if decision is StepDecision.APPROVE:
        faults += [
            Fault(f"/qualifications/{index}", "QUALIFICATION_NEEDS_MEETING", _MEETING_NEEDED)
            for index, paper in enumerate(papers)
            if paper.step is QualificationStep.MEETING
        ]
    require_faultless(faults)
    for step in QualificationStep:
        at_step = [paper for paper in papers if paper.step is step]
        name = f"{step.value}_{_DONE[decision]}"
        await qualification_flow.record(tx, at_step, name, caller, signs=True, why=note)
    decided = [_decided(paper, decision, note, caller) for paper in papers]
    await qualification_store.write_steps(tx, decided)
    return decided


_MEETING_NEEDED = "会审同意须登记会审 (an approval at the last step is recorded as a meeting)"
_DONE = {
    StepDecision.APPROVE: "approved",
    StepDecision.RETURN: "returned",
    StepDecision.REFUSE: "refused",
}


def _decided(
    paper: Qualification, decision: StepDecision, note: str | None, caller: Caller
) -> Qualification:
    match decision:
        case StepDecision.RETURN:
            return replace(paper, status=QualificationStatus.RETURNED, note=note)
        case StepDecision.REFUSE:
            return replace(paper, status=QualificationStatus.REFUSED, step=None, note=note)
    assert paper.step is not None
    first = paper.step is QualificationStep.INITIAL
    return replace(
        paper,
        step=paper.step.following,
        initial_by=caller.subject if first else paper.initial_by,
    )


async def locked(
    tx: AsyncConnection, district: str, ids: Sequence[UUID], *, caller: Caller
) -> list[Qualification]:
    """Read and lock applications of a district in the order of the request.

    Raises:
        Forbidden: another district.
        Faulty: applications that do not exist, or are named twice.
    """
    caller.require_district(district)
    key = qualification_flow.qualification_key(district)
    stored = await qualification_store.load_all(tx, key, ids, lock=True)
    papers = [stored.get(id) for id in ids]
    require_faultless(list_faults(papers))
    return [paper for paper in papers if paper is not None]
