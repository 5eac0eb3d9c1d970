"""Shapes of what settles recovery cases: repayments, receipts, write-offs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.payout.common.flows import PersonKeys
from services.payout.common.schemas import Day, Note, masked_name
from services.payout.recoveries.domain.receipt import (
    ReceiptOutcome,
    ReceiptSource,
    RecoveryReceipt,
    notice_in,
)
from services.payout.recoveries.domain.settle import EntryStatus, RecoveryEntry, Way
from shared.references import Reference
from shared.schema import In, Out, PositiveYuan, Serial, ShortText, YuanOut

RECEIPTS_MAX = 1000


class RecoveryRepaymentIn(In):
    """Money that came back for a case, as the bank's voucher has it."""

    bank_serial: Serial = Field(examples=["ICBC-20211008-0001"])
    value_date: Day = Field(examples=["2021-10-08"])
    amount: PositiveYuan = Field(
        examples=["3000.00"], description="到账金额 (the whole amount that arrived)"
    )
    payer: ShortText = Field(examples=["张建国"])
    applied: PositiveYuan | None = Field(
        default=None,
        examples=["3000.00"],
        description="冲减本案的金额,不填即全部 (the part for this case; all of it when left out)",
    )

    def receipt(self, keys: PersonKeys, entered_by: str) -> RecoveryReceipt:
        """Turn it into the domain's receipt."""
        return RecoveryReceipt(
            bank_serial=self.bank_serial,
            amount_fen=self.amount,
            value_date=self.value_date,
            payer=keys.name.seal(self.payer),
            notice_no=None,
            source=ReceiptSource.ENTERED,
            entered_by=entered_by,
        )


class ReportedReceiptIn(In):
    """A credit on the expenditure account that the bank reports."""

    bank_serial: Serial = Field(examples=["ICBC-20211008-0001"])
    value_date: Day = Field(examples=["2021-10-08"])
    amount: PositiveYuan = Field(examples=["3000.00"])
    payer: ShortText = Field(examples=["张建国"])
    remark: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", examples=["退养老金 ZH202109017A3C5E007E1A"], description="附言 (payer's words)"
    )

    def receipt(self, keys: PersonKeys, entered_by: str) -> RecoveryReceipt:
        """Turn it into the domain's receipt."""
        return RecoveryReceipt(
            bank_serial=self.bank_serial,
            amount_fen=self.amount,
            value_date=self.value_date,
            payer=keys.name.seal(self.payer),
            notice_no=notice_in(self.remark),
            source=ReceiptSource.BANK,
            entered_by=entered_by,
        )


class RecoveryReceiptsIn(In):
    """Credits of a bank's file."""

    receipts: list[ReportedReceiptIn] = Field(min_length=1, max_length=RECEIPTS_MAX)


class ReceiptOutcomeOut(Out):
    """The outcome of one credit."""

    bank_serial: str
    outcome: ReceiptOutcome


class ReceiptOutcomesOut(Out):
    """The outcome of each credit, in the order of the request."""

    items: list[ReceiptOutcomeOut]


class RecoveryReceiptOut(Out):
    """A credit of which something waits to be matched, with the payer masked."""

    bank_serial: str
    value_date: date
    amount: YuanOut
    left: YuanOut
    payer: str = Field(examples=["张**"])
    notice_no: str | None
    source: ReceiptSource

    @classmethod
    def of(cls, receipt: RecoveryReceipt, keys: PersonKeys) -> RecoveryReceiptOut:
        """Build it from a stored receipt."""
        return cls(
            bank_serial=receipt.bank_serial,
            value_date=receipt.value_date,
            amount=receipt.amount_fen,
            left=receipt.left_fen,
            payer=masked_name(keys.name.open(receipt.payer)),
            notice_no=receipt.notice_no,
            source=receipt.source,
        )


class WriteOffIn(In):
    """An amount of a case that is not recovered any more, with its reason and document."""

    amount: PositiveYuan = Field(examples=["500.00"])
    reason: ShortText = Field(examples=["家庭确无偿还能力"])
    document: ShortText = Field(examples=["津社险会〔2021〕3号"])


class EntryApprovalIn(In):
    """An empty body."""


class EntryRefusalIn(In):
    """The reason for refusing an entry."""

    note: Annotated[Note, StringConstraints(min_length=1)]


class RecoveryEntryOut(Out):
    """An amount that settles a part of a case, or is to."""

    id: str = Field(examples=[Reference.RECOVERY_ENTRY.example])
    case: str = Field(examples=[Reference.RECOVERY_CASE.example])
    way: Way
    amount: YuanOut
    status: EntryStatus
    reason: str | None
    document: str | None
    bank_serial: str | None
    claim: str | None = Field(description="抵扣所在的发放申请 (the run that kept it back)")
    entered_by: str
    decided_by: str | None
    booked_on: date | None

    @classmethod
    def of(cls, entry: RecoveryEntry) -> RecoveryEntryOut:
        """Build it from a stored entry."""
        return cls(
            id=entry.ref.text(Reference.RECOVERY_ENTRY),
            case=entry.case.text(Reference.RECOVERY_CASE),
            way=entry.way,
            amount=entry.amount_fen,
            status=entry.status,
            reason=entry.reason,
            document=entry.document,
            bank_serial=entry.bank_serial,
            claim=None if entry.claim is None else entry.claim.text(Reference.CLAIM),
            entered_by=entry.entered_by,
            decided_by=entry.decided_by,
            booked_on=entry.booked_on,
        )


class RecoveryEntriesOut(Out):
    """The entries of a case, oldest first."""

    items: list[RecoveryEntryOut]
