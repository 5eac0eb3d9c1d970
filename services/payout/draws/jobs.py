"""Background work: let the ledger draw from personal accounts what paid pensions ask of them.

A step takes marks, writes what differs and the messages about it, in one transaction. So the process
may be killed anywhere, and the next one goes on with the marks that are left. A step that fails is
tried again with half of the marks, so one that takes too long does not stand in the way of the rest.
"""

from __future__ import annotations

from typing import Final

from services.payout.common.flows import PersonKeys
from services.payout.draws import flows as draws_flow
from services.payout.draws.domain import MARKS_AT_ONCE, next_limit
from shared.db import Database
from shared.process.background import keep_looking

IDLE_SECONDS: Final = 2.0


class AccountDrawWorker:
    """Works off marks, a few hundred at a time."""

    def __init__(self, db: Database, keys: PersonKeys) -> None:
        self.db = db
        self.keys = keys
        self.limit = MARKS_AT_ONCE

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        failed = "draws on personal accounts not written"
        await keep_looking(self.step, self.db.bell, seconds=IDLE_SECONDS, failed=failed)

    async def step(self) -> int:
        """Work off some marks; return how many there were."""
        try:
            count = await self.db.run(lambda tx: draws_flow.step(tx, self.keys, self.limit))
        except Exception:
            self.limit = next_limit(self.limit, failed=True)
            raise
        self.limit = next_limit(self.limit, failed=False)
        return count
