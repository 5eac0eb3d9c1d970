"""Shapes of receipts and matches."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.allocation.store.receipt import ReceiptRow
from services.collection.common.schemas.common import Day
from services.collection.receipts.flows.match import MatchRequest
from shared.clock import today
from shared.ids import Ref
from shared.references import Reference
from shared.schema import (
    CreditCode,
    In,
    Out,
    PeriodField,
    YuanOut,
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

    credit_code: CreditCode = Field(examples=["91120101MA05K0TH1H"])
    period: PeriodField
    matched_on: Day | None = None

    def request(self) -> MatchRequest:
        """Return the request as the flow takes it."""
        return MatchRequest(
            credit_code=self.credit_code,
            period=str(self.period),
            matched_on=self.matched_on or today(),
        )
