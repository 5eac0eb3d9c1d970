"""Follow the books, and reconcile accounts to which something came in."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.clients import BookPage, Books
from services.collection.reconciliation.flows import books as books_flow
from services.collection.reconciliation.flows import run as run_flow
from services.collection.reconciliation.flows.run import NoStatementYet
from shared.db import Database

REST: Final = 20.0


class ReconciliationJob:
    """Reads the ledger's feed once statements are expected of an account, and matches what is new.

    After a run an account rests `rest` times as long as the run took: a day of many pushes must not
    match a month of a million lines again for each of them.
    """

    def __init__(self, db: Database, books: Books, region: str, *, rest: float = REST) -> None:
        self._db = db
        self._books = books
        self._region = region
        self._rest = rest
        self._not_before: dict[str, float] = {}

    async def step(self) -> int:
        """Take the next page of the feed, or run the accounts that wait; return how many were done.

        Raises:
            PeerError, httpx.TransportError: the ledger could not answer; nothing is lost.
        """
        since = await self._db.run(books_flow.place)
        if since is None:
            return 0
        page = await self._books.after(since)
        if page.reached != since:
            await self._db.run(partial(self._take, since=since, page=page))
        if page.has_more:
            return len(page.movements) or 1
        return await self._run_waiting()

    async def _take(self, tx: AsyncConnection, since: str, page: BookPage) -> None:
        await books_flow.take(tx, page.movements, since=since, reached=page.reached)

    async def _run_waiting(self) -> int:
        waiting = await self._db.run(run_flow.waiting)
        for account in waiting:
            began = time.monotonic()
            if began < self._not_before.get(account, 0.0):
                continue
            with suppress(NoStatementYet):
                await self._db.run(
                    partial(run_flow.run, account=account, first=None, region=self._region)
                )
            ended = time.monotonic()
            self._not_before[account] = ended + self._rest * (ended - began)
        return 0
