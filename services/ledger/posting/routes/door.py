"""Access of the doors to the books of this process."""

from __future__ import annotations

from services.ledger.posting.flows.books import Books
from shared.door import Door


def books_of(at: Door) -> Books:
    """Return the books of this process."""
    books: Books = at.request.app.state.books
    return books


async def opened(at: Door) -> Books:
    """Return the books, open: the first request after a start without a database opens them."""
    books = books_of(at)
    await books.open()
    return books
