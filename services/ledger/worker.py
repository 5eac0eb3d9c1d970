"""Background work of the ledger: refresh the rules, anchor the chains, expire holds, clean."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from services.ledger.chain.flows import anchor as anchor_flow
from services.ledger.common.evidence import STREAMS
from services.ledger.posting.flows import hold as hold_flow
from services.ledger.posting.flows.books import Books
from shared import clock
from shared.evidence.anchor import AnchorKeeper
from shared.evidence.writer import BlockWriter
from shared.process import retention
from shared.process.log import logger
from shared.process.settings import settings

REFRESH_SECONDS = 30
ANCHOR_SECONDS = 20
EXPIRE_SECONDS = 30


async def keep_anchoring(books: Books) -> None:
    """Write the anchors of each day soon after its end, until cancelled."""
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


async def keep_expiring(books: Books) -> None:
    """Release holds whose last day is over, until cancelled."""
    while True:
        try:
            await books.open()
            await hold_flow.expire(books)
        except Exception as error:
            logger().warning("expired holds not released, will retry", error=repr(error)[:300])
        await asyncio.sleep(EXPIRE_SECONDS)


async def keep_refreshing(books: Books) -> None:
    """Read operators' corrections of the rules every half minute, until cancelled."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        try:
            await books.open()
            await books.refresh()
        except Exception as error:
            logger().warning("chart not refreshed, will retry", error=repr(error)[:300])


async def bind_evidence(books: Books) -> None:
    """Bind new rows of the evidence in blocks, until cancelled."""
    await BlockWriter(books.db, STREAMS).run()


async def keep_evidence_anchors(books: Books) -> None:
    """Keep the head of the chain of evidence outside, until cancelled."""
    chosen = settings()
    await AnchorKeeper(books.db, chosen.anchor_file, chosen.anchor_url).run()


async def keep_clean(books: Books) -> None:
    """Delete stored answers whose time is over, until cancelled."""
    await retention.keep_clean(books.db)


WORK = (
    keep_refreshing,
    keep_anchoring,
    keep_expiring,
    bind_evidence,
    keep_evidence_anchors,
    keep_clean,
)
