"""Shapes of money in suspense: ageing, owners and proposals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from services.collection.reconciliation.domain.proposal import OpenBill, ProposalGround
from services.collection.reconciliation.flows.suspense import BUCKETS
from services.collection.reconciliation.store.suspense import AgeSum, SuspendedReceipt
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, ShortText, YuanOut


class AgeSumOut(Out):
    """Money in suspense of a district in one bucket of days."""

    district: str
    bucket: str = Field(examples=["31-90"], description="账龄(天) (days)")
    receipts: int
    amount: YuanOut
    without_owner: int
    oldest: date


class SuspenseAgeingOut(Out):
    """Money in suspense, by district and age."""

    as_of: date
    receipts: int
    amount: YuanOut
    items: list[AgeSumOut]

    @classmethod
    def of(cls, as_of: date, sums: Sequence[AgeSum]) -> SuspenseAgeingOut:
        """Build the answer."""
        return cls(
            as_of=as_of,
            receipts=sum(one.receipts for one in sums),
            amount=sum(one.fen for one in sums),
            items=[
                AgeSumOut(
                    district=one.district,
                    bucket=BUCKETS[one.bucket].name,
                    receipts=one.receipts,
                    amount=one.fen,
                    without_owner=one.without_owner,
                    oldest=one.oldest,
                )
                for one in sums
            ],
        )


class SuspendedReceiptOut(Out):
    """A receipt with money in suspense, its age and its owner."""

    receipt: str = Field(examples=[Reference.RECEIPT.example])
    serial: str
    credit_code: str
    district: str
    amount: YuanOut = Field(description="暂收余额 (in suspense)")
    book_date: date
    age_days: int
    owner: str | None

    @classmethod
    def of(cls, row: SuspendedReceipt, as_of: date) -> SuspendedReceiptOut:
        """Build the answer from a receipt."""
        return cls(
            receipt=Ref(row.receipt_key, row.id).text(Reference.RECEIPT),
            serial=row.serial,
            credit_code=row.credit_code,
            district=row.district,
            amount=row.open_fen,
            book_date=row.book_date,
            age_days=(as_of - row.book_date).days,
            owner=row.owner,
        )


class SuspenseOwnerIn(In):
    """The person who finds out whose money it is."""

    owner: ShortText = Field(examples=["fund_accountant"])


class SuspenseOwnerOut(Out):
    """A receipt in suspense and its owner."""

    receipt: str = Field(examples=[Reference.RECEIPT.example])
    amount: YuanOut
    owner: str


class MatchProposalOut(Out):
    """An open bill that a receipt may pay, and the ground on which it is proposed."""

    ground: ProposalGround
    credit_code: str
    period: str
    bill: str = Field(examples=[Reference.BILL.example])
    open: YuanOut

    @classmethod
    def of(cls, bill: OpenBill) -> MatchProposalOut:
        """Build the answer from a bill."""
        return cls(
            ground=bill.ground,
            credit_code=bill.credit_code,
            period=bill.period,
            bill=Ref(bill.unit_id, bill.bill_id).text(Reference.BILL),
            open=bill.open_fen,
        )


class MatchProposalsOut(Out):
    """Proposals for a receipt, the surest first. A person confirms one as a match."""

    items: list[MatchProposalOut]
