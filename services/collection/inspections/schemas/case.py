"""Shapes of inspection cases: openings, findings, decisions, and totals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.collection.common.schemas.common import IdentityNumber, Note
from services.collection.inspections.domain.case import (
    CaseMonth,
    Inspection,
    InspectionOutcome,
    InspectionReason,
    InspectionStatus,
    Objection,
)
from services.collection.inspections.domain.finding import (
    FindingDraft,
    FindingKind,
    InspectionFinding,
)
from services.collection.inspections.flows.case import CaseOpening, InspectionDetail
from services.collection.inspections.schemas.recovery import InspectionRecoveryOut
from services.collection.inspections.store.total import CollectedTotal
from services.collection.levy.schemas import Wage
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, PeriodField, PositiveYuan, ShortText, YuanOut

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class InspectionIn(In):
    """The reason and the document of a case on a unit."""

    reason: InspectionReason
    document: ShortText = Field(examples=["津社险稽〔2021〕8号"])
    note: ShortText = Field(examples=["工资总额与税务申报不符"])

    def opening(self) -> CaseOpening:
        """Turn it into the flow's value."""
        return CaseOpening(reason=self.reason, document=self.document, note=self.note)


class FindingIn(In):
    """A finding: a person's month with the right wage, or a line of a claim that was wrong."""

    kind: FindingKind
    period: PeriodField
    note: ShortText = Field(examples=["工资表所列工资高于申报"])
    identity_number: IdentityNumber | None = None
    wage: Wage | None = Field(
        default=None, description="应申报工资 (the wage that should have been declared)"
    )
    claim: Annotated[str, StringConstraints(max_length=80)] | None = Field(
        default=None, examples=[Reference.CLAIM.example]
    )
    claim_line: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    amount: PositiveYuan | None = Field(
        default=None, description="应退回金额 (the amount to come back)"
    )

    def draft(self) -> FindingDraft:
        """Turn it into the domain's value."""
        return FindingDraft(
            kind=self.kind,
            period=self.period,
            note=self.note,
            identity_number=self.identity_number,
            wage_fen=self.wage,
            claim=self.claim,
            claim_line=self.claim_line,
            amount_fen=self.amount,
        )


class FindingsIn(In):
    """Findings to be added to a case."""

    findings: list[FindingIn] = Field(min_length=1, max_length=5000)


class InspectionNoticeIn(In):
    """An empty body."""


class ObjectionIn(In):
    """The objection of the unit."""

    content: Text = Field(examples=["其中一人当月已离职"])
    document: ShortText | None = None


class DroppedFindingIn(In):
    """A finding that the decision does not uphold, with the reason."""

    finding: int = Field(ge=1, le=2**31 - 1)
    reason: ShortText


class DecisionProposalIn(In):
    """The proposed decision: what is dropped; all other findings are upheld."""

    note: Text = Field(examples=["陈述申辩部分成立"])
    dropped: list[DroppedFindingIn] = Field(default=[], max_length=5000)


class DecisionApprovalIn(In):
    """An empty body."""


class DecisionReturnIn(In):
    """The reason for which a proposed decision is sent back."""

    note: ShortText


class MonthCorrectionIn(In):
    """The month to be corrected."""

    period: PeriodField


class CaseDeclarationIn(In):
    """A declaration of the unit that collects what was found in its month."""

    declaration: Annotated[str, StringConstraints(max_length=80)] = Field(
        examples=[Reference.DECLARATION.example]
    )


class InspectionClosingIn(In):
    """The outcome of a case; every outcome but `collected` needs the reason."""

    outcome: InspectionOutcome
    reason: Note | None = None


class InspectionFindingOut(Out):
    """A finding, with the person masked."""

    number: int
    kind: FindingKind
    period: str = Field(examples=["2021-07"])
    masked_identity_number: str | None = Field(examples=["1201**********1239"])
    wage: YuanOut | None
    claim: str | None
    claim_line: int | None
    amount: YuanOut | None
    note: str
    upheld: bool
    dropped: str | None = Field(description="不予认定的理由 (why it is not upheld)")

    @classmethod
    def of(cls, finding: InspectionFinding) -> InspectionFindingOut:
        """Build it from a stored finding."""
        return cls(
            number=finding.number,
            kind=finding.kind,
            period=finding.period,
            masked_identity_number=finding.masked_number,
            wage=finding.wage_fen,
            claim=finding.claim,
            claim_line=finding.claim_line,
            amount=finding.amount_fen,
            note=finding.note,
            upheld=finding.upheld,
            dropped=finding.dropped,
        )


class ObjectionOut(Out):
    """An objection of the unit."""

    content: str
    document: str | None
    made_by: str
    made_on: date

    @classmethod
    def of(cls, objection: Objection) -> ObjectionOut:
        """Build it from a stored objection."""
        return cls(
            content=objection.content,
            document=objection.document,
            made_by=objection.made_by,
            made_on=objection.made_on,
        )


class CaseMonthOut(Out):
    """A declaration that collects what was found, and the money of its bill and late charges."""

    period: str = Field(examples=["2021-07"])
    declaration: str = Field(examples=[Reference.DECLARATION.example])
    status: str
    collected: YuanOut
    open: YuanOut

    @classmethod
    def of(cls, unit_id: int, month: CaseMonth) -> CaseMonthOut:
        """Build it from a stored month."""
        return cls(
            period=month.period,
            declaration=Ref(unit_id, month.declaration).text(Reference.DECLARATION),
            status=month.status,
            collected=month.collected_fen,
            open=month.open_fen,
        )


class InspectionOut(Out):
    """A case."""

    id: str = Field(examples=[Reference.INSPECTION.example])
    credit_code: str
    district: str
    reason: InspectionReason
    document: str
    note: str
    status: InspectionStatus
    opened_by: str
    opened_on: date
    noticed_on: date | None
    objections_until: date | None = Field(description="陈述申辩截止日 (last day for an objection)")
    proposed_by: str | None
    decided_by: str | None
    decided_on: date | None
    outcome: InspectionOutcome | None
    outcome_reason: str | None
    closed_by: str | None
    closed_on: date | None

    @classmethod
    def of(cls, case: Inspection) -> InspectionOut:
        """Build it from a stored case."""
        names = [name for name in cls.model_fields if name != "id"]
        return cls(id=case.reference, **{name: getattr(case, name) for name in names})


class InspectionDetailOut(Out):
    """A case with its findings, objections and declarations."""

    case: InspectionOut
    findings: list[InspectionFindingOut]
    objections: list[ObjectionOut]
    months: list[CaseMonthOut]
    recoveries: list[InspectionRecoveryOut] = Field(
        default=[], description="违规待遇的追回 (recovery of wrong benefits)"
    )

    @classmethod
    def of(cls, detail: InspectionDetail) -> InspectionDetailOut:
        """Build it from a case and what belongs to it."""
        return cls(
            case=InspectionOut.of(detail.case),
            findings=[InspectionFindingOut.of(one) for one in detail.findings],
            objections=[ObjectionOut.of(one) for one in detail.objections],
            months=[CaseMonthOut.of(detail.case.unit_id, one) for one in detail.months],
            recoveries=[InspectionRecoveryOut.of(one) for one in detail.recoveries],
        )


class CollectedTotalOut(Out):
    """The money of a year, a district and an insurance that came in for findings."""

    year: int = Field(examples=[2021], description="入账年度 (year of the booking)")
    district: str
    insurance: str
    contributions: YuanOut
    charges: YuanOut = Field(description="滞纳金、利息 (late fee and interest)")


class CollectedTotalsOut(Out):
    """Totals of money that came in for findings."""

    contributions: YuanOut
    charges: YuanOut
    items: list[CollectedTotalOut]

    @classmethod
    def of(cls, totals: Sequence[CollectedTotal]) -> CollectedTotalsOut:
        """Build it from totals."""
        return cls(
            contributions=sum(one.contributions_fen for one in totals),
            charges=sum(one.charges_fen for one in totals),
            items=[
                CollectedTotalOut(
                    year=one.year,
                    district=one.district,
                    insurance=one.insurance,
                    contributions=one.contributions_fen,
                    charges=one.charges_fen,
                )
                for one in totals
            ],
        )
