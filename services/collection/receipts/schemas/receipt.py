"""Shapes of tax pushes, receipts and matches."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.allocation.domain.receipt import IncomingPayment, Rejection
from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.common.schemas.common import Day
from services.collection.receipts.flows.match import MatchRequest
from services.collection.receipts.flows.tax_push import TaxPush, TaxPushSummary
from shared.clock import today
from shared.ids import Ref
from shared.references import Reference
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


class ReceiptOut(Out):
    """A receipt (到账): amount = allocated + suspended + returned."""

    id: str = Field(examples=[Reference.RECEIPT.example])
    channel: str = Field(examples=["tax"])
    source: str
    serial: str
    paper: str = Field(description="所属推送号或扣款批次 (the push or debit batch it came in)")
    credit_code: str
    district: str
    period: str
    amount: YuanOut
    allocated: YuanOut
    suspended: YuanOut
    returned: YuanOut = Field(description="银行已退回 (the bank has it again)")
    status: str = Field(examples=["suspended"], description="matched | suspended | returned")
    paid_on: date
    book_date: date

    @classmethod
    def of(cls, row: ReceiptRow) -> ReceiptOut:
        """Build the answer from a stored receipt."""
        return cls(
            id=Ref(row.receipt_key, row.id).text(Reference.RECEIPT),
            channel=row.channel.value,
            source=row.source,
            serial=row.serial,
            paper=row.paper,
            credit_code=row.credit_code,
            district=row.district,
            period=row.period,
            amount=row.amount_fen,
            allocated=row.amount_fen - row.suspended_fen - row.returned_fen,
            suspended=row.suspended_fen,
            returned=row.returned_fen,
            status=_status(row),
            paid_on=row.paid_on,
            book_date=row.book_date,
        )


def _status(row: ReceiptRow) -> str:
    if row.returned_fen == row.amount_fen:
        return "returned"
    return "suspended" if row.suspended_fen else "matched"


class MatchIn(In):
    """The unit and period to pay. `matched_on` is the booking day, today by default."""

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH17"])
    period: PeriodField
    matched_on: Day | None = None

    def request(self) -> MatchRequest:
        """Return the request as the flow takes it."""
        return MatchRequest(
            credit_code=self.credit_code,
            period=str(self.period),
            matched_on=self.matched_on or today(),
        )
