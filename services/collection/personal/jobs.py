"""Tell the ledger whom settled bills credit, for ever: asked over HTTP, between two transactions.

Killed anywhere, it says the same again under the same names, and the ledger has each once.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from typing import Final

from services.collection.personal import flows as personal_flow
from services.collection.personal.clients import PersonalAccounts
from services.collection.personal.domain import CREDITS_AIMED_AT, SettledDeclaration
from services.collection.personal.flows import CreditChunk, CreditTask
from services.collection.personal.store import PersonalCredit
from shared.db import Database
from shared.outbox import hold_lease
from shared.process.log import logger

LEASE: Final = "personal"


class PersonalCreditJob:
    """Tells the ledger of settled bills; one process at a time holds the lease."""

    def __init__(self, db: Database, accounts: PersonalAccounts) -> None:
        self._db = db
        self._accounts = accounts
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"

    async def step(self, limit: int = personal_flow.PAPERS) -> int:
        """Tell of some bills; how many are done with.

        Raises:
            PeerError, httpx.TransportError: nothing is known; the same is told again.
        """
        async with self._db.transaction() as tx:
            if not await hold_lease(tx, LEASE, self._holder):
                return 0
            ready = await personal_flow.waiting(tx, limit)
        small = [one for one in ready if one.chunks == 1]
        for group in _groups(small):
            await self._tell_group(group)
        for one in ready:
            if one.chunks > 1:
                await self._tell_large(one)
        return len(ready)

    async def _tell_group(self, group: Sequence[CreditTask]) -> None:
        chunks = await self._db.run(lambda tx: personal_flow.compose(tx, group))
        told = await self._tell(chunks)
        papers = [one.paper for one in group]
        await self._db.run(lambda tx: personal_flow.record(tx, told, papers))

    async def _tell_large(self, ready: CreditTask) -> None:
        """A paper of many persons: nothing of it is told before all of it was added up."""
        sums, starts = await self._db.run(lambda tx: personal_flow.add_up(tx, ready))
        why = personal_flow.disagreement(ready.now, sums)
        for chunk in range(1, ready.chunks + 1):
            async with self._db.transaction() as tx:
                if not await hold_lease(tx, LEASE, self._holder):
                    return
                composed = await personal_flow.compose(tx, [ready], chunk, starts[chunk - 1])
            told = await self._tell(composed, why)
            done = [ready.paper] if chunk == ready.chunks else []
            await self._record(told, done)

    async def _record(
        self, told: Sequence[PersonalCredit], done: Sequence[SettledDeclaration]
    ) -> None:
        await self._db.run(lambda tx: personal_flow.record(tx, told, done))

    async def _tell(
        self, chunks: Sequence[CreditChunk], why: str | None = None
    ) -> list[PersonalCredit]:
        told = [one.told if why is None else one.told.refusal(why) for one in chunks]
        asked = [
            place for place, one in enumerate(chunks) if one.message and not told[place].refused
        ]
        verdicts = await self._accounts.credit([chunks[place].message or {} for place in asked])
        for place, verdict in zip(asked, verdicts, strict=True):
            if verdict is not None:
                told[place] = told[place].refusal(verdict)
        for one in told:
            if one.refused:
                logger().error("persons not credited", bill=str(one.bill_id), reason=one.refused)
        return told


def _groups(ready: Sequence[CreditTask]) -> list[list[CreditTask]]:
    """Papers side by side as long as their persons make one request."""
    groups: list[list[CreditTask]] = []
    room = 0
    for one in ready:
        size = 2 * max(1, one.paper.people)
        if size > room or not groups:
            groups.append([])
            room = CREDITS_AIMED_AT
        groups[-1].append(one)
        room -= size
    return groups
