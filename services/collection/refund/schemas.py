"""Shapes of refunds (退费)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from services.collection.common.schemas.common import Day
from services.collection.refund.domain import (
    BankReturn,
    Refund,
    RefundPart,
    RefundSource,
    TransferLetter,
)
from services.collection.refund.flows.claim import (
    ChargeMoney,
    Money,
    ReceiptMoney,
    TransferMoney,
    UnitCredits,
)
from services.collection.refund.flows.refund import RefundRequest, RefundWithParts
from shared.ids import Ref
from shared.references import Reference
from shared.schema import CreditCode, In, Out, PositiveYuan, Serial, ShortText, YuanOut
from shared.wire.ledger import TransferLetterIn, TransferLetterOut

Deposit = Literal["income_deposit", "treasury_deposit", "fiscal_deposit"]


class RefundSourceIn(In):
    """The money to give back: exactly one of a receipt in suspense, a unit's credits, a paid charge."""

    receipt: Annotated[str, StringConstraints(pattern=Reference.RECEIPT.pattern)] | None = Field(
        default=None,
        examples=[Reference.RECEIPT.example],
        description="到账的暂收款 (the receipt's money in suspense)",
    )
    credits_of: CreditCode | None = Field(
        default=None, description="单位待抵的贷项 (the unit's credits that no bill has used)"
    )
    charge: Annotated[str, StringConstraints(pattern=Reference.BILL.pattern)] | None = Field(
        default=None, description="已缴的加收单 (a bill of late charges that was paid)"
    )

    @model_validator(mode="after")
    def _names_one(self) -> RefundSourceIn:
        if sum(one is not None for one in (self.receipt, self.credits_of, self.charge)) != 1:
            raise ValueError("须指明且只指明一项来源 (name exactly one source)")
        return self

    def money(self) -> Money:
        """Return the source as the flow takes it."""
        if self.receipt is not None:
            return ReceiptMoney(Ref.parse(Reference.RECEIPT, self.receipt))
        if self.charge is not None:
            return ChargeMoney(Ref.parse(Reference.BILL, self.charge))
        assert self.credits_of is not None
        return UnitCredits(self.credits_of)


class RefundIn(In):
    """A request for a refund. Without `amount`: all that is left. Without `deposit`: the original one."""

    source: RefundSourceIn
    amount: PositiveYuan | None = None
    requested_on: Day
    reason: ShortText = Field(examples=["同月重复缴费"])
    deposit: Deposit | None = Field(
        default=None,
        description="支付户:默认原到账户,已划转的为财政专户 (the original account, or the fiscal one)",
    )
    transfer: TransferLetterIn | None = Field(
        default=None,
        description="外地转入款:不退付款人,按联系函转列转移收入 (another city sent it for a person: it is not"
        " given back, it becomes the letter's transfer income)",
    )

    @model_validator(mode="after")
    def _is_of_receipt(self) -> RefundIn:
        if self.transfer is not None and (self.source.receipt is None or self.deposit is not None):
            raise ValueError(
                "转列须指明到账,且不填支付户 (a transfer names its receipt, and no deposit)"
            )
        return self

    def request(self) -> RefundRequest:
        """Return the request as the flow takes it."""
        return RefundRequest(
            money=self._money(),
            amount_fen=self.amount,
            deposit=self.deposit,
            reason=self.reason,
            requested_on=self.requested_on,
        )

    def _money(self) -> Money:
        money = self.source.money()
        if self.transfer is None or not isinstance(money, ReceiptMoney):
            return money
        return TransferMoney(money.receipt, TransferLetter(**self.transfer.model_dump()))


class RefundDecisionIn(In):
    """An approval: its day."""

    decided_on: Day


class RefundRefusalIn(In):
    """A refusal: its day and reason."""

    decided_on: Day
    why: ShortText


class RefundReasonIn(In):
    """A withdrawal, or its refusal: the reason."""

    why: ShortText = Field(examples=["单位改为留抵下月"])


class RefundReturnIn(In):
    """A refund that the bank sent back: the day, the bank's serial number and the reason."""

    returned_on: Day
    serial: Serial = Field(examples=["TH20211201-0007"])
    reason: ShortText = Field(examples=["账户已销户"])

    def bank_return(self) -> BankReturn:
        """Return the report as the flow takes it."""
        return BankReturn(returned_on=self.returned_on, serial=self.serial, reason=self.reason)


class RefundPartOut(Out):
    """An amount of a refund: the account it is taken from, and the credit that it reserves."""

    fund: str
    account: str = Field(examples=["suspense_receipts"])
    district: str
    amount: YuanOut
    credit: str | None

    @classmethod
    def of(cls, part: RefundPart) -> RefundPartOut:
        """Build the answer from a part."""
        credit = part.credit_id
        return cls(
            fund=part.fund,
            account=part.account,
            district=part.district,
            amount=part.amount_fen,
            credit=Ref(part.unit_id, credit).text(Reference.CREDIT)
            if credit is not None and part.unit_id is not None
            else None,
        )


class RefundHeadOut(Out):
    """A refund without its parts."""

    id: str = Field(examples=[Reference.REFUND.example])
    source: RefundSource
    receipt: str | None
    charge: str | None
    credit_code: str
    district: str
    status: str = Field(
        examples=["requested", "approved", "refused", "withdrawn", "paid", "returning", "returned"]
    )
    amount: YuanOut
    reason: str
    deposit: str = Field(examples=["treasury_deposit"])
    requested_on: date
    decided_on: date | None
    transfer: TransferLetterOut | None = Field(
        description="转列所凭的联系函 (the letter of a transfer from another city)"
    )
    settlement: str | None = Field(description="总账结算单 (the ledger's settlement that paid it)")
    settled_on: date | None
    paid_from: str | None
    returned_on: date | None
    return_serial: str | None
    return_reason: str | None

    @classmethod
    def of(cls, refund: Refund) -> RefundHeadOut:
        """Build the answer from a refund."""
        charge = refund.bill_id
        return cls(
            id=refund.text,
            source=refund.source,
            receipt=refund.receipt_text,
            charge=None if charge is None else Ref(refund.key, charge).text(Reference.BILL),
            credit_code=refund.credit_code,
            district=refund.district,
            status=refund.status.value,
            amount=refund.amount_fen,
            reason=refund.reason,
            deposit=refund.deposit,
            requested_on=refund.requested_on,
            decided_on=refund.decided_on,
            transfer=refund.transfer and TransferLetterOut(**asdict(refund.transfer)),
            settlement=refund.settlement,
            settled_on=refund.settled_on,
            paid_from=refund.paid_from,
            returned_on=refund.returned_on,
            return_serial=refund.return_serial,
            return_reason=refund.return_reason,
        )


class RefundOut(RefundHeadOut):
    """A refund with its parts."""

    parts: list[RefundPartOut]

    @classmethod
    def whole(cls, found: RefundWithParts) -> RefundOut:
        """Build the answer from a refund with its parts."""
        head = RefundHeadOut.of(found.refund)
        return cls(
            **{name: getattr(head, name) for name in RefundHeadOut.model_fields},
            parts=[RefundPartOut.of(part) for part in found.parts],
        )
