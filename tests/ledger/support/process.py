"""Books as a process of its own has them, on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.ledger.posting.flows.books import Books
from shared.db import Database


@asynccontextmanager
async def process(url: str, slots: int | None = 2) -> AsyncIterator[Books]:
    """Open books, and close them at the end."""
    books = Books(Database(url, "ledger"), slots=slots, queue_limit=10_000)
    await books.open()
    try:
        yield books
    finally:
        await books.close()
        await books.db.close()
