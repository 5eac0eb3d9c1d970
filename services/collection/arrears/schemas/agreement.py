"""Shapes of agreements on arrears: deferrals and repayment plans."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.arrears.domain.agreement import INSTALMENTS_MAX, AgreementKind, Instalment
from services.collection.arrears.flows.agreement import AgreementProgress, AgreementRequest
from services.collection.common.schemas.common import Day
from shared.clock import today
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Code, CreditCode, In, Out, PeriodField, PositiveYuan, ShortText, YuanOut


class InstalmentIn(In):
    """An instalment of a repayment plan."""

    due_on: Day
    amount: PositiveYuan


class AgreementIn(In):
    """An agreement to be approved. A plan's instalments must sum to the open amount it covers."""

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH1H"])
    kind: AgreementKind
    insurances: list[Code] = Field(min_length=1, max_length=20, examples=[["pension"]])
    period_from: PeriodField
    period_to: PeriodField
    from_day: Day = Field(description="起始日 (the first day that it protects)")
    to_day: Day | None = Field(default=None, description="终止日,仅缓缴 (deferrals only)")
    reason: ShortText = Field(examples=["生产经营困难"])
    instalments: list[InstalmentIn] = Field(
        default=[], max_length=INSTALMENTS_MAX, description="分期,仅还款协议 (repayment plans only)"
    )

    def request(self) -> AgreementRequest:
        """Return the request as the flow takes it."""
        return AgreementRequest(
            kind=self.kind,
            credit_code=self.credit_code,
            insurances=tuple(self.insurances),
            period_from=self.period_from,
            period_to=self.period_to,
            from_day=self.from_day,
            to_day=self.to_day,
            reason=self.reason,
            instalments=tuple(
                Instalment(number=number, due_on=part.due_on, amount_fen=part.amount)
                for number, part in enumerate(self.instalments, 1)
            ),
        )


class AgreementRefusalIn(In):
    """The reason of a refusal."""

    why: ShortText


class AgreementEndIn(AgreementRefusalIn):
    """The early end of an agreement: its last protected day, and the reason."""

    ended_on: Day


class InstalmentOut(Out):
    """An instalment of a repayment plan."""

    number: int
    due_on: date
    amount: YuanOut


class DayRangeOut(Out):
    """A range of days, both inclusive."""

    first: date
    last: date


class AgreementOut(Out):
    """An agreement. `protects`: the days without late charges, as known on the requested day;
    `broken_on`: the first day after a missed instalment."""

    id: str = Field(examples=[Reference.AGREEMENT.example])
    kind: AgreementKind
    credit_code: str
    district: str
    insurances: list[str]
    period_from: str
    period_to: str
    from_day: date
    to_day: date
    status: str = Field(examples=["filed", "approved", "refused", "ended"])
    ended_on: date | None
    reason: str
    instalments: list[InstalmentOut]
    paid: YuanOut = Field(description="协议所列欠费起始日后已还 (paid since its first day)")
    protects: DayRangeOut | None
    broken_on: date | None

    @classmethod
    def of(cls, progress: AgreementProgress, as_of: date | None = None) -> AgreementOut:
        """Build the answer as of a day, today by default."""
        as_of = as_of or today()
        one = progress.agreement
        paid = {day: fen for day, fen in progress.paid.items() if day <= as_of}
        span = one.protection(paid, as_of)
        return cls(
            id=Ref(one.unit_id, one.id).text(Reference.AGREEMENT),
            kind=one.kind,
            credit_code=one.credit_code,
            district=one.district,
            insurances=list(one.insurances),
            period_from=str(one.period_from),
            period_to=str(one.period_to),
            from_day=one.from_day,
            to_day=one.to_day,
            status=one.status.value,
            ended_on=one.ended_on,
            reason=one.reason,
            instalments=[
                InstalmentOut(number=part.number, due_on=part.due_on, amount=part.amount_fen)
                for part in one.instalments
            ],
            paid=sum(paid.values()),
            protects=None if span is None else DayRangeOut(first=span.first, last=span.last),
            broken_on=one.broken_on(paid, as_of),
        )
