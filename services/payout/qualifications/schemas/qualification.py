"""Shapes of applications for retirement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import (
    BankAccountIn,
    BankAccountOut,
    IdentityNumber,
    Note,
    RefText,
    masked_name,
)
from services.payout.entitlements.domain.change import BankAccount
from services.payout.formulas.domain.retirement import RetirementCategory
from services.payout.formulas.schemas.inputs import Months
from services.payout.qualifications.domain.posting import PostingObjection
from services.payout.qualifications.domain.qualification import (
    AT_ONCE,
    BlockReason,
    PensionClaimFacts,
    Qualification,
    QualificationStatus,
    QualificationStep,
    StepDecision,
)
from services.payout.qualifications.schemas.posting import ObjectionOut
from services.payout.qualifications.store.qualification import BlockedCount
from shared.ids import Ref
from shared.money import parse_yuan
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, ShortText, YuanOut

QUALIFICATION = Reference.QUALIFICATION.example


class ClaimFactsIn(In):
    """The part of an application that the records do not know."""

    category: RetirementCategory | None = Field(
        None, description="女职工须说明 women_55 或 women_50 (must be given for women)"
    )
    chosen_month: PeriodField | None = Field(None, description="弹性选择的退休月 (chosen month)")
    deemed_months: Months = Field(0, description="档案审定的视同缴费月数 (deemed months)")
    before_account_months: Months = 0
    bank_account: BankAccountIn
    holder_reason: Code | None = Field(
        None, description="户名非本人的事由 (why the account is another's)"
    )
    document: ShortText = Field(
        examples=["退休申请表 津和退〔2026〕031号"], description="申请材料 (document)"
    )

    def facts(self) -> PensionClaimFacts:
        """Turn it into the domain's value."""
        account = self.bank_account
        return PensionClaimFacts(
            category=self.category,
            chosen=self.chosen_month,
            deemed_months=self.deemed_months,
            before_account_months=self.before_account_months,
            account=BankAccount(account.bank, account.number, account.name),
            holder_reason=self.holder_reason,
            document=self.document,
        )


class QualificationIn(ClaimFactsIn):
    """An application for retirement. Name, months, bases and balance come from the records."""

    identity_number: IdentityNumber = Field(examples=["120101196503110014"])
    district: Code = Field(examples=["heping"])


class ResubmissionIn(ClaimFactsIn):
    """A returned application, corrected; it replaces what was handed in before."""


class QualificationListIn(In):
    """Applications of one district."""

    district: Code = Field(examples=["heping"])
    qualifications: list[RefText] = Field(
        min_length=1, max_length=AT_ONCE, examples=[[QUALIFICATION]]
    )

    def refs(self) -> list[Ref]:
        """Return the references.

        Raises:
            NotAReference: a text is none of an application.
        """
        return [Ref.parse(Reference.QUALIFICATION, text) for text in self.qualifications]


class QualificationCheckIn(In):
    """The applications to check again: these, or those of the district that wait longest."""

    district: Code = Field(examples=["heping"])
    qualifications: list[RefText] | None = Field(None, min_length=1, max_length=AT_ONCE)

    def refs(self) -> list[Ref] | None:
        """Return the references; None for those that wait longest."""
        if self.qualifications is None:
            return None
        return [Ref.parse(Reference.QUALIFICATION, text) for text in self.qualifications]


class QualificationSignatureIn(QualificationListIn):
    """The decision of one step over applications that wait for it."""

    decision: StepDecision
    note: Note | None = Field(None, description="退回、不予核定的理由 (return, refuse)")

    @model_validator(mode="after")
    def _note_of_decision(self) -> Self:
        if self.decision is StepDecision.APPROVE and self.note is not None:
            raise PydanticCustomError("note_unused", "同意时不填 note (no note when approving)")
        return self


class CheckReasonOut(Out):
    """A reason against the retirement."""

    reason: BlockReason
    text: str
    detail: str = Field(description="依据的记录 (the records behind it)")


class PensionPartOut(Out):
    """A part of the monthly pension."""

    id: str
    name: str
    amount: YuanOut


class CheckStepOut(Out):
    """A step of the calculation."""

    name: str
    formula: str
    result: str


class QualificationOut(Out):
    """An application. `step` is the one that waits; null once it is decided."""

    id: str = Field(examples=[QUALIFICATION])
    district: str
    masked_identity_number: str = Field(examples=["1201**********0014"])
    name: str = Field(examples=["张**"])
    status: QualificationStatus
    step: QualificationStep | None
    round: int
    retirement_month: PeriodField
    since: PeriodField = Field(serialization_alias="from", description="首个待遇月 (first month)")
    paid_months: int = Field(description="含视同缴费月数 (with deemed months)")
    monthly_amount: YuanOut | None
    provisional: bool = Field(description="计发基数未公布,暂按上年 (figures not yet published)")
    blocked_by: list[BlockReason]
    checked_on: date
    document: str
    note: str | None
    filed_by: str

    @classmethod
    def of(cls, paper: Qualification, keys: PersonKeys) -> Self:
        """Build it from a stored application."""
        outcome = paper.outcome
        return cls(
            id=paper.ref.text(Reference.QUALIFICATION),
            district=paper.district,
            masked_identity_number=keys.mask(paper.sealed_number),
            name=masked_name(keys.name.open(paper.name)),
            status=paper.status,
            step=paper.step,
            round=paper.round,
            retirement_month=outcome.retirement,
            since=outcome.since,
            paid_months=outcome.paid_months,
            monthly_amount=outcome.monthly_fen,
            provisional=outcome.provisional,
            blocked_by=list(outcome.reasons),
            checked_on=outcome.checked_on,
            document=paper.document,
            note=paper.note,
            filed_by=paper.filed_by,
        )


class QualificationDetailOut(Out):
    """An application with its reasons, the calculation, the account and the objections."""

    qualification: QualificationOut
    reasons: list[CheckReasonOut]
    waived: list[CheckReasonOut] = Field(description="按规则放行的原因 (do not block, by a rule)")
    parts: list[PensionPartOut]
    steps: list[CheckStepOut]
    bank_account: BankAccountOut
    holder_reason: str | None
    meeting: str | None
    entitlement_change: str | None
    objections: list[ObjectionOut]

    @classmethod
    def of(
        cls, paper: Qualification, objections: Sequence[PostingObjection], keys: PersonKeys
    ) -> QualificationDetailOut:
        """Build it from a stored application and the objections to it."""
        evidence = paper.outcome.evidence
        return cls(
            qualification=QualificationOut.of(paper, keys),
            reasons=_reasons(paper, paper.outcome.reasons),
            waived=_reasons(paper, paper.outcome.waived),
            parts=[
                PensionPartOut(id=line["id"], name=line["name"], amount=parse_yuan(line["amount"]))
                for line in evidence["lines"]
            ],
            steps=[CheckStepOut(**step) for step in evidence["steps"]],
            bank_account=account_of(paper, keys),
            holder_reason=paper.holder_reason,
            meeting=None
            if paper.meeting is None
            else paper.meeting.text(Reference.QUALIFICATION_MEETING),
            entitlement_change=None
            if paper.change is None
            else paper.change.text(Reference.ENTITLEMENT_CHANGE),
            objections=[ObjectionOut.of(one) for one in objections],
        )


def _reasons(paper: Qualification, reasons: Sequence[BlockReason]) -> list[CheckReasonOut]:
    details = paper.outcome.evidence["details"]
    return [
        CheckReasonOut(reason=reason, text=reason.text, detail=details.get(reason.value, ""))
        for reason in reasons
    ]


def account_of(paper: Qualification, keys: PersonKeys, *, full: bool = False) -> BankAccountOut:
    """Build the account of an application; `full` shows the whole number and name."""
    return BankAccountOut.of(
        paper.bank,
        keys.bank_number.open(paper.bank_number),
        keys.bank_holder.open(paper.bank_holder),
        full=full,
    )


class QualificationsOut(Out):
    """Applications after one request over many."""

    items: list[QualificationOut]

    @classmethod
    def of(cls, papers: Sequence[Qualification], keys: PersonKeys) -> QualificationsOut:
        """Build it from applications."""
        return cls(items=[QualificationOut.of(paper, keys) for paper in papers])


class BlockedCountOut(Out):
    """People of a district who are kept from retiring by a reason."""

    district: str
    reason: BlockReason
    text: str
    people: int
    oldest_check: date = Field(description="最早的核查日 (some were last checked then)")


class BlockedReportOut(Out):
    """The people kept from retiring, by district and reason, as last checked."""

    items: list[BlockedCountOut]

    @classmethod
    def of(cls, counts: Sequence[BlockedCount]) -> BlockedReportOut:
        """Build it from the counts."""
        return cls(
            items=[
                BlockedCountOut(
                    district=one.district,
                    reason=one.reason,
                    text=one.reason.text,
                    people=one.people,
                    oldest_check=one.oldest_check,
                )
                for one in counts
            ]
        )
