"""Shapes of tax pushes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.common.schemas.common import Day, IdentityNumber
from services.collection.register.domain.person import id_of_person
from services.collection.tax.domain.envelope import Envelope
from services.collection.tax.domain.intake import LineResult
from services.collection.tax.domain.line import (
    LEVY_ITEM_PATTERN,
    WHOLE,
    Origin,
    RefundOf,
    TaxLine,
)
from services.collection.tax.flows.push import TaxPush, TaxPushSummary
from shared.cn.identity_number import fault_in, masked
from shared.schema import (
    Code,
    CreditCode,
    In,
    Out,
    PeriodField,
    Serial,
    ShortText,
    Yuan,
    YuanOut,
)

LevyItemCode = Annotated[str, StringConstraints(pattern=LEVY_ITEM_PATTERN)]
"""A code of the tax bureau's levy items."""


class RefundOfIn(In):
    """The line of a ticket that is given back, and why."""

    serial: Serial
    line: int | None = Field(default=None, ge=1, le=9999, strict=True)
    reason: ShortText

    def value(self) -> RefundOf:
        """Return it as the flow takes it."""
        return RefundOf(self.serial, self.line or WHOLE, self.reason)


class TaxLineIn(In):
    """One line of a ticket (税票): the money of one levy item, insurance and party.

    Older senders report a whole ticket: without `line` and `levy_item`. A negative amount gives back
    money of the line that `refund_of` names (退库).
    """

    serial: Serial = Field(examples=["SW20210720-000001"], description="税票号 (ticket number)")
    line: int | None = Field(
        default=None, ge=1, le=9999, strict=True, description="税票明细序号 (line of the ticket)"
    )
    levy_item: LevyItemCode | None = Field(
        default=None, examples=["pension.unit"], description="征收品目 (levy item)"
    )
    credit_code: CreditCode | None = Field(default=None, examples=["91120101MA05K0TH1H"])
    identity_number: IdentityNumber | None = Field(
        default=None, description="灵活就业人员本人缴费 (a flexible worker who pays)"
    )
    period: PeriodField
    amount: Yuan
    paid_on: Day
    origin: Origin = Field(
        default=Origin.ASSESSED_BY_US,
        description="核定来源:缴费人自行向税务申报,或经办机构核定 (whose assessment it pays)",
    )
    refund_of: RefundOfIn | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> TaxLineIn:
        if (self.line is None) != (self.levy_item is None):
            raise PydanticCustomError(
                "line_without_item", "明细序号与征收品目须同时填写 (line and levy_item go together)"
            )
        if (self.credit_code is None) == (self.identity_number is None):
            raise PydanticCustomError(
                "payer_not_one", "缴费人为单位或个人之一 (a line has one payer: a unit or a person)"
            )
        if self.identity_number is not None and fault_in(self.identity_number):
            raise PydanticCustomError(
                "identity_number_wrong", "公民身份号码不符 (not an identity number)"
            )
        if not self.amount or (self.amount < 0) != (self.refund_of is not None):
            raise PydanticCustomError(
                "amount_not_positive",
                "金额须大于零;退库为负数并注明原税票 (positive; negative only with refund_of)",
            )
        return self

    def tax_line(self, pepper: bytes) -> TaxLine:
        """Return the line as the flow takes it."""
        number, refund = self.identity_number, self.refund_of
        return TaxLine(
            ticket=self.serial,
            line_no=self.line or WHOLE,
            levy_item=self.levy_item or "",
            payer=self.credit_code or masked(number or ""),
            person_id=None if number is None else id_of_person(number, pepper),
            period=str(self.period),
            amount_fen=self.amount,
            paid_on=self.paid_on,
            origin=self.origin,
            refund=None if refund is None else refund.value(),
        )


class PushControlIn(In):
    """The sender's control totals."""

    count: int = Field(ge=1, le=10_000, strict=True)
    total: Yuan


class EnvelopeIn(In):
    """An envelope over several pushes: what they announce together."""

    envelope_no: Serial
    count: int = Field(ge=1, strict=True)
    total: Yuan


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
    envelope: EnvelopeIn | None = None
    lines: list[TaxLineIn] = Field(min_length=1, max_length=10_000)

    def push(self, pepper: bytes) -> TaxPush:
        """Return the push as the flow takes it."""
        return TaxPush(
            push_no=self.push_no,
            authority=self.authority,
            collected_on=self.collected_on,
            count=self.control.count,
            total_fen=self.control.total,
            lines=[line.tax_line(pepper) for line in self.lines],
            envelope=None
            if self.envelope is None
            else Envelope(self.envelope.envelope_no, self.envelope.count, self.envelope.total),
        )


class RejectedLineOut(Out):
    """A rejected line and the reason."""

    serial: str
    line: int | None
    code: str
    message: str

    @classmethod
    def of(cls, result: LineResult) -> RejectedLineOut:
        """Build the answer from the result of a line."""
        return cls(
            serial=result.ticket,
            line=result.line_no or None,
            code=result.reason,
            message=result.message,
        )


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
