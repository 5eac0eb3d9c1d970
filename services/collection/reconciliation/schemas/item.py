"""Shapes of work items."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.reconciliation.domain.item import (
    DifferenceKind,
    DifferenceStatus,
    ReconciliationItem,
    SettlingReason,
)
from shared.clock import today
from shared.references import Reference
from shared.schema import In, Out, ShortText, YuanOut


class ReconciliationItemOut(Out):
    """A difference between statement, list and books, and its handling."""

    id: str = Field(examples=[Reference.RECONCILIATION_ITEM.example])
    account: str = Field(examples=["income_deposit"])
    kind: DifferenceKind
    subject: str = Field(description="业务编号 (the reference that the sides share)")
    day: date
    statement: YuanOut = Field(description="对账单金额 (on the statement)")
    listed: YuanOut = Field(description="清单金额 (on the list of receipts)")
    booked: YuanOut = Field(description="账簿金额 (in the books)")
    amount: YuanOut = Field(description="差异金额 (the amount in question)")
    receipt: str | None
    district: str
    status: DifferenceStatus
    owner: str | None
    reason: SettlingReason | None
    note: str | None
    remedy: str
    age_days: int
    opened_on: date
    proposed_by: str | None
    settled_by: str | None
    settled_on: date | None
    cleared_on: date | None

    @classmethod
    def of(cls, item: ReconciliationItem) -> ReconciliationItemOut:
        """Build the answer from an item."""
        return cls(
            id=item.reference,
            account=item.account,
            kind=item.kind,
            subject=item.subject,
            day=item.day,
            statement=item.statement_fen,
            listed=item.list_fen,
            booked=item.book_fen,
            amount=item.amount_fen,
            receipt=item.receipt and item.receipt.text(Reference.RECEIPT),
            district=item.district,
            status=item.status,
            owner=item.owner,
            reason=item.reason,
            note=item.note,
            remedy=item.kind.remedy,
            age_days=item.age(today()),
            opened_on=item.opened_on,
            proposed_by=item.proposed_by,
            settled_by=item.settled_by,
            settled_on=item.settled_on,
            cleared_on=item.cleared_on,
        )


class ItemAssignmentIn(In):
    """The person who looks after an item."""

    owner: ShortText = Field(examples=["fund_accountant"])


class ItemSettlingIn(In):
    """Why an item is settled. Where money moves, another person approves."""

    reason: SettlingReason
    note: ShortText = Field(examples=["银行次日更正"])


class ItemRefusalIn(In):
    """Why a proposed settling is refused."""

    why: ShortText = Field(examples=["未见银行更正"])
