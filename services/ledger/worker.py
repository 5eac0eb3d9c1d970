"""Background work beside the doors: keep the rules fresh, anchor chains and end holds as days end."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from services.ledger.chain.flows import anchor as anchor_flow
from services.ledger.posting.flows import hold as hold_flow
from services.ledger.posting.flows.books import Books
from shared import clock
from shared.process.log import logger

REFRESH_SECONDS = 30
ANCHOR_SECONDS = 20
EXPIRE_SECONDS = 30


async def anchor_for_ever(books: Books) -> None:
    """Write each day's anchors soon after its end; cancel to stop."""
    anchored: date | None = None
    while True:
        try:
            yesterday = clock.today() - timedelta(days=1)
            if anchored != yesterday:
                await books.open()
                await anchor_flow.publish(books, yesterday)
                anchored = yesterday
        except Exception as error:
            logger().warning("chains not anchored, will retry", error=repr(error)[:300])
        await asyncio.sleep(ANCHOR_SECONDS)


async def expire_for_ever(books: Books) -> None:
    """Give back what holds kept once their last day is over; cancel to stop."""
    while True:
        try:
            await books.open()
            await hold_flow.expire(books)
        except Exception as error:
            logger().warning("expired holds not given back, will retry", error=repr(error)[:300])
        await asyncio.sleep(EXPIRE_SECONDS)


async def refresh_for_ever(books: Books) -> None:
    """Read an operator's corrections every half minute; cancel to stop."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        try:
            await books.open()
            await books.refresh()
        except Exception as error:
            logger().warning("chart not refreshed, will retry", error=repr(error)[:300])
