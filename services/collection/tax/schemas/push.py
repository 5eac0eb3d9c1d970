"""Shapes of tax pushes."""

from __future__ import annotations

from pydantic import Field

from services.collection.allocation.domain.receipt import IncomingPayment, Rejection
from services.collection.common.schemas.common import Day
from services.collection.tax.flows.push import TaxPush, TaxPushSummary
from shared.schema import (
    Code,
    CreditCode,
    In,
    NonNegativeYuan,
    Out,
    PeriodField,
    PositiveYuan,
    Serial,
    YuanOut,
)


class TaxLineIn(In):
    """One payment that the tax bureau collected."""

    serial: Serial = Field(examples=["SW20210720-000001"])
    credit_code: CreditCode = Field(examples=["91120101MA05K0TH17"])
    period: PeriodField
    amount: PositiveYuan
    paid_on: Day


class PushControlIn(In):
    """The sender's control totals."""

    count: int = Field(ge=1, le=10_000, strict=True)
    total: NonNegativeYuan


class TaxPushIn(In):
    """A push. It is taken whole or not at all, except for lines rejected by their serial."""

    push_no: Serial = Field(examples=["SW-20210720-1"])
    collected_on: Day
    authority: Code | None = Field(
        default=None,
        examples=["tj_nankai"],
        description="征收机关,税票号在其内唯一;不填即本市税务机关 (issuer of the tickets)",
    )
    control: PushControlIn
    lines: list[TaxLineIn] = Field(min_length=1, max_length=10_000)

    def push(self) -> TaxPush:
        """Return the push as the flow takes it."""
        return TaxPush(
            push_no=self.push_no,
            authority=self.authority,
            collected_on=self.collected_on,
            count=self.control.count,
            total_fen=self.control.total,
            payments=[
                IncomingPayment(
                    serial=line.serial,
                    credit_code=line.credit_code,
                    period=str(line.period),
                    amount_fen=line.amount,
                    paid_on=line.paid_on,
                )
                for line in self.lines
            ],
        )


class RejectedLineOut(Out):
    """A rejected line and the reason."""

    serial: str
    code: str
    message: str

    @classmethod
    def of(cls, rejected: Rejection) -> RejectedLineOut:
        """Build the answer from a rejection."""
        return cls(serial=rejected.item, code=rejected.code, message=rejected.message)


class TaxPushOut(Out):
    """Counts of the lines: received = matched + suspended + replayed + rejected.

    A line is `suspended` when some of its money found no bill to pay.
    """

    received: int
    matched: int
    suspended: int
    replayed: int
    allocated_amount: YuanOut = Field(description="本次分账金额 (settled bills by this push)")
    suspended_amount: YuanOut = Field(description="本次暂收金额 (put in suspense by this push)")
    rejected: list[RejectedLineOut]

    @classmethod
    def of(cls, summary: TaxPushSummary) -> TaxPushOut:
        """Build the answer from the flow's summary."""
        return cls(
            received=summary.received,
            matched=summary.matched,
            suspended=summary.suspended,
            replayed=summary.replayed,
            allocated_amount=summary.allocated_fen,
            suspended_amount=summary.suspended_fen,
            rejected=[RejectedLineOut.of(one) for one in summary.rejected],
        )
