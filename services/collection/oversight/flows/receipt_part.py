"""Prove for a day that every fen of every receipt is in exactly one part, and that the parts tie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.store import control_item as control_item_store
from services.collection.oversight.store import receipt_part as receipt_part_store
from services.collection.oversight.store.receipt_part import PartTotals
from shared.wire.control_item import ControlItem

page = receipt_part_store.page
"""Reads receipts with their parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProof:
    """The parts of all receipts, and the figures of other sources that they must equal (fen)."""

    as_of: date
    channels: list[PartTotals]
    suspense_business_fen: int
    booked_fen: int | None
    refunded_credits_fen: int

    @property
    def suspense_fen(self) -> int:
        """Return what is in suspense by the receipts' own parts."""
        return sum(one.suspense_fen for one in self.channels)

    @property
    def kept_fen(self) -> int:
        """Return what our accounts still have of receipts."""
        kept_fen = sum(
            one.amount_fen - one.refunded_fen - one.reversed_fen for one in self.channels
        )
        return kept_fen - self.refunded_credits_fen

    @property
    def ties(self) -> bool:
        """Return whether no part is below zero and both other sources agree."""
        return (
            not any(one.wrong for one in self.channels)
            and self.suspense_fen == self.suspense_business_fen
            and self.booked_fen in (None, self.kept_fen)
        )


async def prove(tx: AsyncConnection, as_of: date) -> PartProof:
    """Add up the parts of every receipt at the end of a day, from three sources."""
    return PartProof(
        as_of=as_of,
        channels=await receipt_part_store.totals(tx, as_of),
        suspense_business_fen=await control_item_store.business_fen(
            tx, ControlItem.SUSPENSE, as_of
        ),
        booked_fen=await receipt_part_store.booked_fen(tx, as_of),
        refunded_credits_fen=await receipt_part_store.refunded_credits_fen(tx, as_of),
    )
