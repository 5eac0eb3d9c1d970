"""Collection's totals of a range of periods: declared, billed, received and open."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.store import total as total_store
from services.collection.oversight.store.total import Amounts, ChannelReceipts, PeriodRange


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionTotals:
    """Totals of a range of periods. `charges` are late fees and interest, apart from contributions.

    `counts` has units, people, bills and open bills.
    """

    periods: PeriodRange
    contributions: list[Amounts]
    charges: list[Amounts]
    received: dict[str, ChannelReceipts]
    counts: dict[str, int]


async def totals(tx: AsyncConnection, periods: PeriodRange) -> CollectionTotals:
    """Compute collection's totals of a range of periods."""
    contributions = await total_store.declared(tx, periods)
    contributions += await total_store.billed(tx, periods)
    contributions += await total_store.credits(tx, periods)
    received = await total_store.received(tx, periods)
    return CollectionTotals(
        periods=periods,
        contributions=contributions,
        charges=await total_store.billed(tx, periods, charges=True),
        received={row.channel: row for row in received},
        counts=await total_store.counts(tx, periods),
    )
