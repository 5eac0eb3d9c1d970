"""Shapes of the treasury's lists, of money in transit, and of what the tax bureau may collect."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.collection.allocation.domain.receipt import tax_source
from services.collection.common.schemas.common import Day
from services.collection.tax.domain.treasury import TreasuryEntry, TreasuryList, TreasuryStep
from services.collection.tax.flows.treasury import TreasuryListSummary
from services.collection.tax.schemas.push import PushControlIn, RejectedLineOut
from services.collection.tax.store.hold import TaxDue
from services.collection.tax.store.treasury import TicketInTransit, TransitTotals
from shared.schema import Code, In, Out, Serial, Yuan, YuanOut


def _not_zero(value: int) -> int:
    if not value:
        raise PydanticCustomError("amount_zero", "金额不得为零 (amount must not be zero)")
    return value


NonZeroYuan = Annotated[Yuan, AfterValidator(_not_zero)]
"""An amount of either sign, never zero."""


class TreasuryEntryIn(In):
    """An entry for one ticket: received into the treasury, or transferred to the fiscal account.

    What leaves the treasury for a refund is negative, under the refund's ticket.
    """

    entry_no: Serial = Field(examples=["RK20210721-01"], description="入库或划款凭证号")
    step: TreasuryStep
    serial: Serial = Field(examples=["SW20210720-000001"], description="税票号")
    authority: Code | None = None
    amount: NonZeroYuan


class TreasuryListIn(In):
    """A treasury's list of a day. It is taken whole or not at all, except for rejected entries."""

    treasury: Code = Field(examples=["tj_treasury"], description="国库")
    list_no: Serial
    day: Day
    control: PushControlIn
    entries: list[TreasuryEntryIn] = Field(min_length=1, max_length=10_000)

    def given(self) -> TreasuryList:
        """Return the list as the flow takes it."""
        return TreasuryList(
            treasury=self.treasury,
            list_no=self.list_no,
            day=self.day,
            count=self.control.count,
            total_fen=self.control.total,
            entries=[
                TreasuryEntry(
                    entry_no=entry.entry_no,
                    step=entry.step,
                    authority=tax_source(entry.authority),
                    ticket=entry.serial,
                    amount_fen=entry.amount,
                )
                for entry in self.entries
            ],
        )


class TreasuryListOut(Out):
    """Counts of the entries: received = taken + replayed + rejected."""

    received: int
    taken: int
    replayed: int
    rejected: list[RejectedLineOut]

    @classmethod
    def of(cls, summary: TreasuryListSummary) -> TreasuryListOut:
        """Build the answer from the flow's summary."""
        return cls(
            received=summary.received,
            taken=summary.taken,
            replayed=summary.replayed,
            rejected=[RejectedLineOut.of(one) for one in summary.rejected],
        )


class TicketInTransitOut(Out):
    """A ticket whose money is not in the fiscal account yet, or whose figures differ."""

    authority: str
    serial: str
    paid_on: date | None
    entered_on: date | None
    paid: YuanOut
    received: YuanOut = Field(description="已入库 (in the treasury)")
    transferred: YuanOut = Field(description="已划财政专户 (in the fiscal account)")

    @classmethod
    def of(cls, row: TicketInTransit) -> TicketInTransitOut:
        """Build the answer from a ticket."""
        return cls(
            authority=row.authority,
            serial=row.ticket,
            paid_on=row.paid_on,
            entered_on=row.on_day,
            paid=row.paid_fen,
            received=row.received_fen,
            transferred=row.transferred_fen,
        )


class TransitTotalsOut(Out):
    """Sums over all tickets as of a day, and how many are at each stage."""

    as_of: date
    paid: YuanOut
    received: YuanOut
    transferred: YuanOut
    in_transit_to_treasury: YuanOut
    in_treasury: YuanOut
    tickets_at_tax: int
    tickets_in_treasury: int
    tickets_unexplained: int

    @classmethod
    def of(cls, as_of: date, found: TransitTotals) -> TransitTotalsOut:
        """Build the answer from the sums."""
        return cls(
            as_of=as_of,
            paid=found.paid_fen,
            received=found.received_fen,
            transferred=found.transferred_fen,
            in_transit_to_treasury=found.paid_fen - found.received_fen,
            in_treasury=found.received_fen - found.transferred_fen,
            tickets_at_tax=found.at_tax,
            tickets_in_treasury=found.in_treasury,
            tickets_unexplained=found.unexplained,
        )


class TaxDueOut(Out):
    """An open amount that the tax bureau collects, assessed here (`assessed_by_us`)."""

    credit_code: str
    name: str
    period: str
    due_on: date
    levy_item: str = Field(examples=["pension.unit"])
    insurance: str
    party: str
    open: YuanOut

    @classmethod
    def of(cls, row: TaxDue) -> TaxDueOut:
        """Build the answer from an open line."""
        return cls(
            credit_code=row.credit_code,
            name=row.name,
            period=row.period,
            due_on=row.due_on,
            levy_item=f"{row.insurance}.{row.party}",
            insurance=row.insurance,
            party=row.party,
            open=row.open_fen,
        )
