"""Shapes of returns (退回) and moves (改入) of receipts."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.common.schemas.common import Day
from services.collection.receipt_changes.flows import MoveRequest, ReturnRequest
from services.collection.receipts.domain.receipt_change import ReceiptChange
from shared.clock import today
from shared.references import Reference
from shared.schema import (
    CreditCode,
    In,
    Out,
    PeriodField,
    PositiveYuan,
    Serial,
    ShortText,
    YuanOut,
)


class ReceiptReturnIn(In):
    """A return: the bank has the money again since `returned_on`. Without `amount`: all that the
    receipt still holds."""

    amount: PositiveYuan | None = None
    returned_on: Day
    bank_serial: Serial = Field(
        examples=["TH20220822-000001"], description="退回流水号 (the bank's serial of the return)"
    )
    reason: ShortText = Field(examples=["退票"])
    document: ShortText = Field(examples=["银行退票通知 2022-08-22"])

    def request(self) -> ReturnRequest:
        """Return the request as the flow takes it."""
        return ReturnRequest(
            amount_fen=self.amount,
            returned_on=self.returned_on,
            serial=self.bank_serial,
            reason=self.reason,
            document=self.document,
        )


class ReceiptMoveIn(In):
    """A move: the money belongs to the unit and period named here. Without `amount`: all that
    others hold. `moved_on` is the booking day, today by default."""

    amount: PositiveYuan | None = None
    credit_code: CreditCode = Field(examples=["91120101MA05K0TH1H"])
    period: PeriodField
    moved_on: Day | None = None
    reason: ShortText = Field(examples=["税务误记缴费人"])
    document: ShortText = Field(examples=["税务更正函 2022-09-01"])

    def request(self) -> MoveRequest:
        """Return the request as the flow takes it."""
        return MoveRequest(
            amount_fen=self.amount,
            credit_code=self.credit_code,
            period=str(self.period),
            moved_on=self.moved_on or today(),
            reason=self.reason,
            document=self.document,
        )


class ReceiptChangeDecisionIn(In):
    """The day of a decision, today by default."""

    decided_on: Day | None = None

    @property
    def day(self) -> date:
        """Return the day of the decision."""
        return self.decided_on or today()


class ReceiptChangeRefusalIn(ReceiptChangeDecisionIn):
    """The day and the reason of a refusal."""

    why: ShortText


class _ReceiptChangeOut(Out):
    receipt: str = Field(examples=[Reference.RECEIPT.example])
    amount: YuanOut
    reason: str
    document: str
    status: str = Field(examples=["filed"], description="filed | approved | refused")
    filed_by: str
    filed_at: datetime
    decided_by: str | None
    decided_on: date | None


class ReceiptReturnOut(_ReceiptChangeOut):
    """A return of a receipt. `by_bank`: the bank reported it itself, no person had to."""

    id: str = Field(examples=[Reference.RECEIPT_RETURN.example])
    returned_on: date
    bank_serial: str
    by_bank: bool

    @classmethod
    def of(cls, change: ReceiptChange) -> ReceiptReturnOut:
        """Build the answer from a return."""
        return cls(
            id=change.reference,
            receipt=change.receipt.text(Reference.RECEIPT),
            amount=change.amount_fen,
            returned_on=change.on,
            bank_serial=change.serial or "",
            by_bank=change.by_bank,
            reason=change.reason,
            document=change.document,
            status=change.status.value,
            filed_by=change.filed_by,
            filed_at=change.filed_at,
            decided_by=change.decided_by,
            decided_on=change.decided_on,
        )


class ReceiptMoveOut(_ReceiptChangeOut):
    """A move of a receipt to the unit and period that it belongs to."""

    id: str = Field(examples=[Reference.RECEIPT_MOVE.example])
    credit_code: str
    period: str
    moved_on: date

    @classmethod
    def of(cls, change: ReceiptChange) -> ReceiptMoveOut:
        """Build the answer from a move."""
        return cls(
            id=change.reference,
            receipt=change.receipt.text(Reference.RECEIPT),
            amount=change.amount_fen,
            credit_code=change.credit_code or "",
            period=change.period or "",
            moved_on=change.on,
            reason=change.reason,
            document=change.document,
            status=change.status.value,
            filed_by=change.filed_by,
            filed_at=change.filed_at,
            decided_by=change.decided_by,
            decided_on=change.decided_on,
        )
