"""The rules of the four steps, over many applications at once; every fault is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.payout.qualifications.domain.qualification import (
    CheckOutcome,
    Qualification,
    QualificationStatus,
    QualificationStep,
    StepDecision,
)
from shared.errors import Fault
from shared.ids import Ref
from shared.roles import Caller


def note_faults(decision: StepDecision, note: str | None) -> list[Fault]:
    """Find a missing note: a return and a refusal give the reason."""
    if decision is StepDecision.APPROVE or note:
        return []
    return [Fault("/note", "NOTE_MISSING", "退回、不予核定须说明理由 (this decision needs a note)")]


def list_faults(papers: Sequence[Qualification | None]) -> list[Fault]:
    """Find applications that do not exist, and those named twice."""
    faults = []
    first_of: dict[object, int] = {}
    for index, paper in enumerate(papers):
        pointer = f"/qualifications/{index}"
        if paper is None:
            message = "没有这份申请 (no such application in this district)"
            faults.append(Fault(pointer, "QUALIFICATION_UNKNOWN", message))
        elif (first := first_of.setdefault(paper.ref.id, index)) != index:
            message = f"与第 {first} 项重复 (the same as item {first})"
            faults.append(Fault(pointer, "QUALIFICATION_REPEATED", message))
    return faults


def step_faults(
    papers: Sequence[Qualification], decision: StepDecision, caller: Caller
) -> list[Fault]:
    """Find applications that do not wait for a step of the caller's, or may not go on."""
    faults = []
    for index, paper in enumerate(papers):
        pointer = f"/qualifications/{index}"
        if paper.status is not QualificationStatus.OPEN or paper.step is None:
            message = f"申请不在审核中:{paper.status.value} (the application is not open)"
            faults.append(Fault(pointer, "QUALIFICATION_NOT_OPEN", message))
        elif not caller.may(paper.step.right):
            message = f"现在的环节是 {paper.step.value} (another step's turn)"
            faults.append(Fault(pointer, "QUALIFICATION_OUT_OF_TURN", message))
        elif decision is StepDecision.APPROVE:
            faults += _advance_faults(pointer, paper)
    return faults


def _advance_faults(pointer: str, paper: Qualification) -> list[Fault]:
    if paper.outcome.reasons:
        why = ", ".join(f"{reason.value} {reason.text}" for reason in paper.outcome.reasons)
        return [Fault(pointer, "QUALIFICATION_BLOCKED", f"不能进入下一环节 (blocked): {why}")]
    if paper.outcome.monthly_fen is None:
        message = "金额尚未计算,请重新核查 (no amount yet; check again)"
        return [Fault(pointer, "QUALIFICATION_CHANGED", message)]
    return []


def meeting_faults(
    papers: Sequence[Qualification], outcomes: Mapping[Ref, CheckOutcome]
) -> list[Fault]:
    """Find applications that do not wait for the meeting, or whose records say something else now."""
    faults = []
    for index, paper in enumerate(papers):
        pointer = f"/qualifications/{index}"
        if paper.step is not QualificationStep.MEETING:
            continue
        if outcomes[paper.ref].signed_content != paper.outcome.signed_content:
            message = "核查结果已有变化,请重新核查后再审 (the records have changed; check again)"
            faults.append(Fault(pointer, "QUALIFICATION_CHANGED", message))
    return faults
