"""Inspection cases (稽核): states, steps, the days of the hearing, and what may close a case. Pure.

The person who opens a case neither decides nor closes it, and does not record the unit's objection;
a decision takes two further people, and a fourth withdraws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.collection.filing.domain.declaration import State
from services.collection.inspections.domain.finding import InspectionFinding
from services.collection.inspections.domain.recovery import (
    InspectionRecovery,
    InspectionRecoveryState,
)
from shared.errors import Fault, Kind, NotFound, Refusal, StateConflict
from shared.ids import Ref
from shared.references import Reference

PAPER: Final = "inspection"


class InspectionReason(StrEnum):
    """Reasons for which a case is opened."""

    DATA_COMPARISON = "data_comparison"  # 数据比对
    COMPLAINT = "complaint"  # 投诉举报
    ROUTINE_SAMPLE = "routine_sample"  # 日常抽查


class InspectionStatus(StrEnum):
    """The states of a case."""

    OPENED = "opened"  # 已立案
    NOTICED = "noticed"  # 已送达稽核意见书
    PROPOSED = "proposed"  # 已拟定处理决定,待批准
    DECIDED = "decided"  # 已作出处理决定
    CLOSED = "closed"  # 已结案


class InspectionOutcome(StrEnum):
    """Outcomes with which a case is closed."""

    COLLECTED = "collected"  # 已补缴、已退回
    NOTHING_FOUND = "nothing_found"  # 未发现问题
    UNCOLLECTABLE = "uncollectable"  # 无法追缴
    WITHDRAWN = "withdrawn"  # 撤销


class InspectionUnknown(NotFound):
    """无此稽核案件 (no such inspection case)"""

    code = "INSPECTION_UNKNOWN"


class InspectionState(StateConflict):
    """该稽核案件当前状态不允许此操作 (the case's present status does not allow this)"""

    code = "INSPECTION_STATE"


class OpenerDecides(Refusal):
    """立案人不得代录陈述申辩,不得处理本案的决定和结案 (the opener neither objects, decides nor closes)"""

    kind = Kind.FORBIDDEN
    code = "INSPECTION_OPENER_DECIDES"


class NoFindings(Refusal):
    """尚无稽核发现 (the case has no finding)"""

    kind = Kind.INVALID
    code = "INSPECTION_NO_FINDINGS"


class ObjectionLate(Refusal):
    """已过陈述申辩期限 (the days for an objection are over)"""

    kind = Kind.CONFLICT
    code = "OBJECTION_LATE"


class HearingRuns(Refusal):
    """陈述申辩期限未满,且单位未提出意见 (the days for an objection are not over, and none was made)"""

    kind = Kind.CONFLICT
    code = "HEARING_RUNS"


class NotCollected(Refusal):
    """尚未全部补缴或追回 (something that the decision demands is not collected yet)"""

    kind = Kind.CONFLICT
    code = "INSPECTION_NOT_COLLECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A case as it is stored."""

    unit_id: int
    id: UUID
    credit_code: str
    district: str
    reason: InspectionReason
    document: str
    note: str
    status: InspectionStatus
    round: int
    opened_by: str
    opened_on: date
    noticed_on: date | None = None
    objections_until: date | None = None
    proposed_by: str | None = None
    decided_by: str | None = None
    decided_on: date | None = None
    outcome: InspectionOutcome | None = None
    outcome_reason: str | None = None
    closed_by: str | None = None
    closed_on: date | None = None

    @property
    def ref(self) -> Ref:
        """The case's reference."""
        return Ref(self.unit_id, self.id)

    @property
    def reference(self) -> str:
        """The reference on the wire."""
        return self.ref.text(Reference.INSPECTION)

    def require(self, *states: InspectionStatus) -> None:
        """Refuse a step that the status does not allow.

        Raises:
            InspectionState: it does not.
        """
        if self.status not in states:
            raise InspectionState(status=self.status.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection (陈述申辩) of the unit."""

    id: UUID
    content: str
    document: str | None
    made_by: str
    made_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMonth:
    """A declaration that collects what was found in a month, and how far it is paid."""

    period: str
    declaration: UUID
    status: str
    collected_fen: int
    open_fen: int


def require_hearing_over(case: Inspection, objections: Sequence[Objection], day: date) -> None:
    """Refuse a decision before the unit was heard, or has let its days pass.

    Raises:
        HearingRuns: the days are not over and no objection was made.
    """
    assert case.objections_until is not None, "a noticed case has its days"
    if day <= case.objections_until and not objections:
        raise HearingRuns(until=case.objections_until)


def require_in_time(case: Inspection, day: date) -> None:
    """Refuse an objection after its days.

    Raises:
        ObjectionLate: they are over.
    """
    assert case.objections_until is not None, "a noticed case has its days"
    if day > case.objections_until:
        raise ObjectionLate(until=case.objections_until)


DEMANDED: Final = frozenset({InspectionStatus.DECIDED})
_MAY_CLOSE: Final = {
    InspectionOutcome.COLLECTED: DEMANDED,
    InspectionOutcome.NOTHING_FOUND: frozenset(
        {InspectionStatus.OPENED, InspectionStatus.NOTICED, InspectionStatus.DECIDED}
    ),
    InspectionOutcome.UNCOLLECTABLE: DEMANDED,
    InspectionOutcome.WITHDRAWN: frozenset(
        {InspectionStatus.OPENED, InspectionStatus.NOTICED, InspectionStatus.DECIDED}
    ),
}
"""The states from which each outcome closes a case."""
_VOID: Final = frozenset({State.WITHDRAWN, State.SUPERSEDED})
"""States in which a declaration asks for no money."""


def closing_faults(
    outcome: InspectionOutcome,
    findings: Sequence[InspectionFinding],
    months: Sequence[CaseMonth],
    orders: Sequence[InspectionRecovery],
) -> list[Fault]:
    """Find every reason why an outcome does not close the case yet."""
    upheld = [finding for finding in findings if finding.upheld]
    if outcome is InspectionOutcome.NOTHING_FOUND:
        message = "有成立的发现 (the finding is upheld)"
        return [
            Fault(f"/findings/{finding.number}", "FINDING_UPHELD", message) for finding in upheld
        ]
    if outcome is InspectionOutcome.WITHDRAWN:
        message = "支付系统已立案追回或已追回 (payout recovers it, or has recovered money)"
        return [
            Fault(f"/recoveries/{one.number}", "RECOVERY_OPENED", message)
            for one in orders
            if one.status is InspectionRecoveryState.OPENED or one.recovered_fen
        ]
    if outcome is not InspectionOutcome.COLLECTED:
        return []
    counted = [month for month in months if month.status not in _VOID]
    settled = {month.period for month in counted if month.status == State.SETTLED}
    unpaid = {month.period for month in counted if month.status != State.SETTLED}
    demanded = {finding.period for finding in upheld if finding.collects}
    faults = [
        Fault(f"/months/{period}", "MONTH_NOT_PAID", "该月尚未补缴 (the month is not paid)")
        for period in sorted(unpaid | (demanded - settled))
    ]
    faults += [
        Fault(f"/months/{month.period}", "CHARGE_NOT_PAID", "滞纳金尚未缴清 (late fee is open)")
        for month in months
        if month.status == State.SETTLED and month.open_fen
    ]
    faults += [
        Fault(f"/recoveries/{one.number}", "NOT_RECOVERED", "追回尚未了结 (it is not recovered)")
        for one in orders
        if one.status is not InspectionRecoveryState.CLOSED
    ]
    return faults


def require_closable(case: Inspection, outcome: InspectionOutcome) -> None:
    """Refuse an outcome that the case's status does not allow.

    Raises:
        InspectionState: it does not.
    """
    case.require(*_MAY_CLOSE[outcome])


def collects_after(handed_in: datetime | None, decided: datetime) -> bool:
    """Tell whether a declaration was handed in after the decision, so that it can collect for it."""
    return handed_in is not None and handed_in > decided
