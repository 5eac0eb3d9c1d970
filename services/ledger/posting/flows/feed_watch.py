"""The watch for readers who wait for the next voucher: one look at the chains serves all of them.

A process looks four times a second while somebody waits, however many they are, and not at all
while nobody does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from services.ledger.posting.store import head as head_store
from shared.db import Database

LOOK_SECONDS = 0.25


class FeedWatch:
    """The readers of one process that wait for a chain to grow."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[asyncio.Future[None], Mapping[int, int]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def grown(self, heads: Mapping[int, int], seconds: float) -> None:
        """Wait until a chain is longer than these heads say, for so many seconds at most.

        Raises:
            DBAPIError, OSError: the database does not answer the watch.
        """
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = heads
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="feed-watch")
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiter, seconds)
        finally:
            self._waiting.pop(waiter, None)

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                async with self._db.transaction() as tx:
                    heads = {slot: seq for slot, seq, _ in await head_store.all_heads(tx)}
            except Exception as error:  # each reader is told, whatever it is
                for waiter in self._waiting:
                    if not waiter.done():
                        waiter.set_exception(error)
                return
            for waiter, seen in self._waiting.items():
                if heads != seen and not waiter.done():
                    waiter.set_result(None)
