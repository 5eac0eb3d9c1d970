"""Background work beside the doors: keep the chart, the funds and the flow matrix fresh."""

from __future__ import annotations

import asyncio

from services.ledger.flows.books import Books
from shared.log import logger

REFRESH_SECONDS = 30


async def refresh_for_ever(books: Books) -> None:
    """Read an operator's corrections every half minute; cancel to stop."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        try:
            await books.open()
            await books.refresh()
        except Exception as error:
            logger().warning("chart not refreshed, will retry", error=repr(error)[:300])
