"""Shapes of the proof that every fen of every receipt is in exactly one part."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.oversight.flows.receipt_part import PartProof
from services.collection.oversight.store.receipt_part import PartTotals, ReceiptParts
from shared.ids import Ref
from shared.references import Reference
from shared.schema import Out, YuanOut


class PartsOut(Out):
    """Money in its parts: amount = allocated + moved + suspense + refunded + transferred + reversed."""

    amount: YuanOut
    allocated: YuanOut = Field(description="已分账 (allocated to bills)")
    moved: YuanOut = Field(description="已改入应属单位并分账 (allocated after a move)")
    suspense: YuanOut = Field(description="暂收 (in suspense)")
    refunded: YuanOut = Field(description="已退费 (refunded)")
    transferred: YuanOut = Field(
        description="已转列关系转入 (income of transfers from other cities; our accounts still have it)"
    )
    reversed: YuanOut = Field(description="银行已退回 (returned by the bank)")


class ChannelPartsOut(PartsOut):
    """The parts of a channel's receipts."""

    channel: str
    receipts: int
    wrong: int = Field(description="有负数部分的到账笔数 (receipts with a part below zero)")

    @classmethod
    def of(cls, one: PartTotals) -> ChannelPartsOut:
        """Build the answer from the totals of a channel."""
        return cls(
            channel=one.channel,
            receipts=one.receipts,
            amount=one.amount_fen,
            allocated=one.allocated_fen,
            moved=one.moved_fen,
            suspense=one.suspense_fen,
            refunded=one.refunded_fen,
            transferred=one.transferred_fen,
            reversed=one.reversed_fen,
            wrong=one.wrong,
        )


class ReceiptPartProofOut(Out):
    """The parts of all receipts at the end of a day, and the other sources that they must equal."""

    as_of: date
    ties: bool
    channels: list[ChannelPartsOut]
    suspense: YuanOut = Field(description="暂收,由各笔到账推算 (by the receipts' own parts)")
    suspense_account: YuanOut = Field(description="暂收款业务数 (by the suspense of business)")
    kept: YuanOut = Field(
        description="到账减退回、退费 (receipts less returns and refunds, those of credits too)"
    )
    books: YuanOut | None = Field(
        description="账簿存款户因到账的变动;未跟随账簿则为空 (what they did to our accounts in the books;"
        " null unless statements are expected of an account)"
    )

    @classmethod
    def of(cls, proof: PartProof) -> ReceiptPartProofOut:
        """Build the answer."""
        return cls(
            as_of=proof.as_of,
            ties=proof.ties,
            channels=[ChannelPartsOut.of(one) for one in proof.channels],
            suspense=proof.suspense_fen,
            suspense_account=proof.suspense_business_fen,
            kept=proof.kept_fen,
            books=proof.booked_fen,
        )


class ReceiptPartsOut(PartsOut):
    """The parts of one receipt."""

    receipt: str = Field(examples=[Reference.RECEIPT.example])
    channel: str
    district: str
    serial: str
    credit_code: str
    book_date: date

    @classmethod
    def of(cls, row: ReceiptParts) -> ReceiptPartsOut:
        """Build the answer from a receipt."""
        return cls(
            receipt=Ref(row.receipt_key, row.id).text(Reference.RECEIPT),
            channel=row.channel,
            district=row.district,
            serial=row.serial,
            credit_code=row.credit_code,
            book_date=row.book_date,
            amount=row.amount_fen,
            allocated=row.allocated_fen,
            moved=row.moved_fen,
            suspense=row.suspense_fen,
            refunded=row.refunded_fen,
            transferred=row.transferred_fen,
            reversed=row.reversed_fen,
        )
