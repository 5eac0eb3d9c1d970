"""A region's policies, as far as receipts need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel, ReceiptPolicy
from services.collection.allocation.store import receipt as receipt_store
from services.collection.common.domain.errors import NoPolicy
from services.collection.policy.domain.allocation_order import ONE_TICKET, AllocationOrder
from shared.effective import in_force


@dataclass(frozen=True, slots=True)
class ReceiptPolicies:
    """A region's policies, as far as receipts need them."""

    region: str
    dated: Sequence[ReceiptPolicy]

    def on(self, day: date) -> ReceiptPolicy:
        """Return the policy of a day.

        Raises:
            NoPolicy: none was in force.
        """
        found = in_force(self.dated, day)
        if not found:
            raise NoPolicy(region=self.region, day=day)
        return found[0]

    def order(self, day: date) -> AllocationOrder:
        """In which order money booked on a day pays; one ticket where no policy says."""
        found = in_force(self.dated, day)
        return found[0].order if found else ONE_TICKET

    def account(self, channel: Channel, day: date) -> str:
        """Return the account that money of a channel arrives on.

        Raises:
            NoPolicy: no policy in force names one.
        """
        account = self.on(day).accounts.get(channel.value)
        if account is None:
            raise NoPolicy(region=self.region, day=day, channel=channel.value)
        return account


async def policies_of(tx: AsyncConnection, region: str) -> ReceiptPolicies:
    """Return a region's policies."""
    return ReceiptPolicies(region, await receipt_store.policies(tx, region))
