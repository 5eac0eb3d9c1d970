"""Background work: ask the ledger to hold the money of new batches.

A batch is stored as `funding` before the ledger is asked, its event id is stable, and the answer is
stored in a transaction of its own. So the process may be killed anywhere, and the next one asks the
same again. No HTTP call happens inside a transaction.
"""

from __future__ import annotations

from typing import Final

from services.payout.payments.clients import HoldRefused, LedgerClient
from services.payout.payments.domain.batch import PaymentBatch
from services.payout.payments.flows import batch as batch_flow
from shared.db import Database
from shared.process.background import keep_looking

IDLE_SECONDS: Final = 0.2
_BATCHES_PER_STEP: Final = 50


class FundingWorker:
    """Works through the batches that wait for their money."""

    def __init__(self, db: Database, ledger: LedgerClient) -> None:
        self.db = db
        self.ledger = ledger

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        failed = "funding failed"
        await keep_looking(self.step, self.db.bell, seconds=IDLE_SECONDS, failed=failed)

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
