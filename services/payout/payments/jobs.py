"""Background work: ask the ledger to hold the money of new batches.

A batch is stored as `funding` before the ledger is asked, its event id is stable, and the answer is
stored in a transaction of its own. So the process may be killed anywhere, and the next one asks the
same again. No HTTP call happens inside a transaction.
"""

from __future__ import annotations

import asyncio
from typing import Final

from services.payout.payments.clients import HoldRefused, LedgerClient
from services.payout.payments.domain.batch import PaymentBatch
from services.payout.payments.flows import batch as batch_flow
from shared.db import Database
from shared.outbox import BACKOFF_MAX_SECONDS
from shared.process.log import logger

IDLE_SECONDS: Final = 0.5
_BATCHES_PER_STEP: Final = 50


class FundingWorker:
    """Works through the batches that wait for their money."""

    def __init__(self, db: Database, ledger: LedgerClient) -> None:
        self.db = db
        self.ledger = ledger
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Hint that a batch waits; correctness does not depend on it."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        pause = IDLE_SECONDS
        while True:
            try:
                await self.step()
                pause = IDLE_SECONDS
            except asyncio.CancelledError:
                raise
            except Exception as error:
                pause = min(pause * 2, BACKOFF_MAX_SECONDS)
                logger().warning(
                    "funding failed, will retry", error=str(error)[:300], retry_in_seconds=pause
                )
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def step(self) -> int:
        """Ask for the money of every batch that waits; return how many there were."""
        async with self.db.transaction() as tx:
            waiting = await batch_flow.waiting_for_funds(tx, _BATCHES_PER_STEP)
        for batch in waiting:
            await self.fund(batch)
        return len(waiting)

    async def fund(self, batch: PaymentBatch) -> None:
        """Ask for one batch's money and store the answer."""
        try:
            hold = await self.ledger.hold(batch)
        except HoldRefused as refused:
            reason = refused.reason
            await self.db.run(lambda tx: batch_flow.mark_unfunded(tx, batch, reason))
            return
        await self.db.run(lambda tx: batch_flow.mark_funded(tx, batch, hold))
