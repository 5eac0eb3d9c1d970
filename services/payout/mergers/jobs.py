"""Background work: follow the corrections of persons in collection.

A correction is asked for outside a transaction and applied inside one, under its number. So the
process may be killed anywhere, and the next one asks for the same corrections again.
"""

from __future__ import annotations

from typing import Final

from services.payout.common.flows import PersonKeys
from services.payout.mergers import flows as mergers_flow
from services.payout.mergers.clients import PersonCorrections
from shared.db import Database
from shared.process.background import keep_looking

IDLE_SECONDS: Final = 2.0


class PersonCorrectionWorker:
    """Applies corrections of persons one after another."""

    def __init__(self, db: Database, corrections: PersonCorrections, keys: PersonKeys) -> None:
        self.db = db
        self.corrections = corrections
        self.keys = keys

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        failed = "corrections of persons not applied"
        await keep_looking(self.step, self.db.bell, seconds=IDLE_SECONDS, failed=failed)

    async def step(self) -> int:
        """Apply the corrections that came into force since the last one; return how many there were."""
        async with self.db.transaction() as tx:
            last = await mergers_flow.last_number(tx)
        corrections = await self.corrections.after(last)
        for correction in corrections:
            await self.db.run(
                lambda tx, one=correction: mergers_flow.apply(tx, one, keys=self.keys)  # type: ignore[misc]
            )
        return len(corrections)
