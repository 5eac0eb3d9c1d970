"""Shapes of work items of tax mode, of held money and of refunds."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.tax.domain.item import Remedy, TaxItem
from services.collection.tax.flows.item import ItemSettlement
from services.collection.tax.store.hold import HeldMoney
from services.collection.tax.store.refund import RefundRow
from shared.clock import day_of, today
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, PeriodField, ShortText, YuanOut


class TaxComparisonIn(In):
    """The period to compare."""

    period: PeriodField


class TaxItemSettlementIn(In):
    """How an item is settled, and why."""

    remedy: Remedy
    reason: ShortText = Field(examples=["缴费人已向税务更正申报"])

    def settlement(self) -> ItemSettlement:
        """Return the request as the flow takes it."""
        return ItemSettlement(self.remedy, self.reason)


class TaxItemOut(Out):
    """A work item: what was assessed here (`ours`) against what the tax bureau collected."""

    id: str = Field(examples=[Reference.TAX_ITEM.example])
    kind: str = Field(description="only_here | only_at_tax | amount_differs | unit_in_agency_mode")
    credit_code: str
    owner: str = Field(description="负责分中心 (district that looks at it)")
    period: str
    insurance: str = Field(description="险种;空为各险种合计 (empty: all insurances together)")
    ours: YuanOut
    theirs: YuanOut
    receipt: str | None
    status: str = Field(description="open | proposed | closed")
    opened_on: date
    age_days: int
    remedy: str | None
    reason: str | None
    proposed_by: str | None
    closed_by: str | None
    closed_at: datetime | None
    closed_as: str | None = Field(description="settled | equal")

    @classmethod
    def of(cls, item: TaxItem) -> TaxItemOut:
        """Build the answer from an item."""
        closed_on = day_of(item.closed_at) if item.closed_at else today()
        return cls(
            id=item.reference,
            kind=item.kind.value,
            credit_code=item.credit_code,
            owner=item.owner,
            period=item.period,
            insurance=item.insurance,
            ours=item.ours_fen,
            theirs=item.theirs_fen,
            receipt=item.receipt,
            status=item.status.value,
            opened_on=item.opened_on,
            age_days=max(0, (closed_on - item.opened_on).days),
            remedy=item.remedy and item.remedy.value,
            reason=item.reason,
            proposed_by=item.proposed_by,
            closed_by=item.closed_by,
            closed_at=item.closed_at,
            closed_as=item.closed_as,
        )


class TaxHoldOut(Out):
    """Money of a ticket in suspense: why, since when, and whose it is to look at."""

    receipt: str = Field(examples=[Reference.RECEIPT.example])
    serial: str
    credit_code: str
    period: str
    suspended: YuanOut
    reason: str = Field(
        description="payer_unknown | person_unknown | item_unknown | no_open_bill | more_than_open"
    )
    owner: str
    held_on: date
    age_days: int

    @classmethod
    def of(cls, row: HeldMoney) -> TaxHoldOut:
        """Build the answer from held money."""
        held_on = day_of(row.held_at)
        return cls(
            receipt=Ref(row.receipt_key, row.id).text(Reference.RECEIPT),
            serial=row.serial,
            credit_code=row.credit_code,
            period=row.period,
            suspended=row.suspended_fen,
            reason=row.reason,
            owner=row.owner,
            held_on=held_on,
            age_days=max(0, (today() - held_on).days),
        )


class TaxRefundOut(Out):
    """A refund by the tax bureau (退库): booked, or waiting for its ticket or a person."""

    refund_serial: str
    refund_line: int
    serial: str
    line: int
    amount: YuanOut
    refunded_on: date
    reason: str
    status: str = Field(description="booked | ticket_unknown | refund_exceeds")

    @classmethod
    def of(cls, row: RefundRow) -> TaxRefundOut:
        """Build the answer from a stored refund."""
        return cls(
            refund_serial=row.refund_ticket,
            refund_line=row.refund_line,
            serial=row.ticket,
            line=row.line_no,
            amount=row.amount_fen,
            refunded_on=row.on_day,
            reason=row.reason,
            status=row.status,
        )
