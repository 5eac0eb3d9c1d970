"""Anchors of the chains, published by the ledger once a day has ended, exactly once."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.chain.store import anchor as anchor_store
from services.ledger.chain.store.anchor import Anchor
from services.ledger.posting.flows.books import Books
from services.ledger.posting.store import head as head_store
from shared import clock


def last_ended() -> date:
    """Return the last day that has ended."""
    return clock.today() - timedelta(days=1)


async def publish(books: Books, day: date) -> None:
    """Anchor every slot for a day that has ended, each in a transaction of its own.

    May be repeated and run by several processes: what is written stays.
    """
    assert day < clock.today(), "the day has not ended"
    for slot, _, _ in await books.db.run(heads):
        await books.db.run(lambda tx, slot=slot: anchor_store.write(tx, slot, day))  # type: ignore[misc]


async def heads(tx: AsyncConnection) -> list[tuple[int, int, bytes]]:
    """List the head of every chain: slot, last sequence number, hash."""
    return await head_store.all_heads(tx)


async def of_day(tx: AsyncConnection, day: date) -> list[Anchor]:
    """List every slot's anchor of a day; none if the day has not ended or was not anchored."""
    return await anchor_store.of_day(tx, day)
