"""Shapes of provisional pensions and their corrections."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import RefText, masked_name
from services.payout.qualifications.domain.qualification import Qualification
from services.payout.qualifications.domain.recalculation import (
    SAMPLES,
    Recalculation,
    RecalculationProposal,
    SkippedRecalculation,
    SkipReason,
)
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, ShortText, YuanOut


class ProvisionalPensionOut(Out):
    """A pension that was opened by the last known figures and waits for the final ones."""

    qualification: str = Field(examples=[Reference.QUALIFICATION.example])
    district: str
    masked_identity_number: str = Field(examples=["1201**********1239"])
    name: str = Field(examples=["张**"])
    since: PeriodField = Field(serialization_alias="from")
    monthly_amount: YuanOut | None

    @classmethod
    def of(cls, paper: Qualification, keys: PersonKeys) -> ProvisionalPensionOut:
        """Build it from an application."""
        return cls(
            qualification=paper.ref.text(Reference.QUALIFICATION),
            district=paper.district,
            masked_identity_number=keys.mask(paper.sealed_number),
            name=masked_name(keys.name.open(paper.name)),
            since=paper.outcome.since,
            monthly_amount=paper.outcome.monthly_fen,
        )


class RecalculationIn(In):
    """The district whose provisional pensions are computed again, and the paper's document."""

    district: Code = Field(examples=["heping"])
    document: ShortText = Field(examples=["津人社发〔2026〕30号"])
    after: RefText | None = Field(
        None,
        description="续上一批,填其 following (continue after this application, the last answer's `following`)",
    )

    def after_id(self) -> UUID | None:
        """Return the id to continue after; None for the beginning."""
        return None if self.after is None else Ref.parse(Reference.QUALIFICATION, self.after).id


class SkippedRecalculationOut(Out):
    """A person whom the paper leaves out, and why."""

    qualification: str = Field(examples=[Reference.QUALIFICATION.example])
    reason: SkipReason
    detail: str

    @classmethod
    def of(cls, one: SkippedRecalculation) -> SkippedRecalculationOut:
        """Build it from a skipped recalculation."""
        return cls(
            qualification=one.paper.ref.text(Reference.QUALIFICATION),
            reason=one.reason,
            detail=one.detail,
        )


class RecalculationSampleOut(Out):
    """One person: the provisional and the final amount, and the steps of the final one."""

    qualification: str = Field(examples=[Reference.QUALIFICATION.example])
    since: PeriodField = Field(serialization_alias="from")
    before: YuanOut
    after: YuanOut
    paid_months: int
    steps: list[str] = Field(description="计算步骤 (the steps of the final amount)")

    @classmethod
    def of(cls, one: Recalculation) -> RecalculationSampleOut:
        """Build it from a recalculation."""
        return cls(
            qualification=one.paper.ref.text(Reference.QUALIFICATION),
            since=one.paper.outcome.since,
            before=one.before_fen,
            after=one.after_fen,
            paid_months=one.paid_months,
            steps=[
                f"{step['name']}: {step['formula']} = {step['result']}"
                for step in one.after.evidence["steps"]
            ],
        )


class RecalculationOut(Out):
    """A proposed paper that corrects provisional pensions, with totals and samples."""

    entitlement_change: str = Field(examples=[Reference.ENTITLEMENT_CHANGE.example])
    people: int
    waiting: int = Field(description="数据仍未公布的人数 (people whose figures are not published)")
    monthly: str = Field(
        examples=["-12.30", "45.60"], description="每月差额合计 (sum of the monthly differences)"
    )
    arrears: YuanOut = Field(
        description="已发月份应补发合计,不含调待差额 (to be paid for the months so far, before raises)"
    )
    overpaid: YuanOut = Field(description="已发月份多发合计 (overpaid so far, to be recovered)")
    samples: list[RecalculationSampleOut]
    skipped: list[SkippedRecalculationOut] = Field(
        description="未纳入本次的人员及原因,须逐一核实 (people left out, and why; look at each)"
    )
    following: str | None = Field(
        examples=[Reference.QUALIFICATION.example],
        description="还有未计算的人员时,下一次请求的 after (`after` of the next request; null after the last)",
    )

    @classmethod
    def of(cls, proposal: RecalculationProposal) -> RecalculationOut:
        """Build it from a proposal."""
        sign = "-" if proposal.monthly_fen < 0 else ""
        return cls(
            entitlement_change=proposal.change.text(Reference.ENTITLEMENT_CHANGE),
            people=len(proposal.items),
            waiting=proposal.waiting,
            monthly=f"{sign}{format_yuan(abs(proposal.monthly_fen))}",
            arrears=proposal.arrears_fen,
            overpaid=proposal.overpaid_fen,
            samples=[RecalculationSampleOut.of(one) for one in proposal.items[:SAMPLES]],
            skipped=[SkippedRecalculationOut.of(one) for one in proposal.skipped],
            following=proposal.following and proposal.following.text(Reference.QUALIFICATION),
        )
