"""Take in the books' movements on our accounts, page by page of the ledger's feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.movement import BookMovement
from services.collection.reconciliation.store import books as books_store
from services.collection.reconciliation.store import statement as statement_store


async def place(tx: AsyncConnection) -> str | None:
    """Return how far the feed was read; None while no statements are expected of any account."""
    if not await statement_store.accounts(tx):
        return None
    return await books_store.reached(tx)


async def take(
    tx: AsyncConnection, movements: Sequence[BookMovement], *, since: str, reached: str
) -> None:
    """Write a page of the feed once, and mark the accounts that it moves."""
    if not await books_store.take(tx, movements, since=since, reached=reached):
        return
    first: dict[str, date] = {}
    for one in movements:
        first[one.account] = min(first.get(one.account, one.day), one.day)
    for account, day in sorted(first.items()):
        await statement_store.mark(tx, account, day)
