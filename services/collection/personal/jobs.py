"""Background job that credits people for settled bills, at the ledger's personal accounts.

Requests to the ledger go out between two transactions. A killed job repeats the same requests under
the same names, and the ledger takes each once.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from typing import Final

from services.collection.personal import flows as personal_flow
from services.collection.personal.clients import PersonalAccounts
from services.collection.personal.domain import CREDITS_AIMED_AT
from services.collection.personal.flows import CreditChunk, CreditTask
from services.collection.personal.store.credit import PendingCredit, PersonalCredit
from shared.db import Database
from shared.outbox import hold_lease
from shared.process.log import logger

LEASE: Final = "personal"


class PersonalCreditJob:
    """Sends the personal credits of settled bills. One process at a time holds the lease."""

    def __init__(self, db: Database, accounts: PersonalAccounts) -> None:
        self._db = db
        self._accounts = accounts
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"

    async def step(self, limit: int = personal_flow.PAPERS) -> int:
        """Send the credits of some bills; return how many bills were handled.

        Raises:
            PeerError, httpx.TransportError: the result is unknown; the next step sends the same.
        """
        async with self._db.transaction() as tx:
            if not await hold_lease(tx, LEASE, self._holder):
                return 0
            tasks = await personal_flow.waiting(tx, limit)
        for group in _groups([task for task in tasks if task.chunks == 1]):
            await self._send_group(group)
        for task in tasks:
            if task.chunks > 1:
                await self._send_large(task)
        return len(tasks)

    async def _send_group(self, group: Sequence[CreditTask]) -> None:
        chunks = await self._db.run(lambda tx: personal_flow.compose(tx, group))
        credits = await self._send(chunks)
        await self._record(credits, [task.pending for task in group])

    async def _send_large(self, task: CreditTask) -> None:
        """Send a declaration in several chunks, after all of them have been added up."""
        sums, starts = await self._db.run(lambda tx: personal_flow.add_up(tx, task))
        refusal = None
        if not task.pending.takes_back:
            refusal = personal_flow.disagreement(task.now, sums)
        for chunk in range(1, task.chunks + 1):
            async with self._db.transaction() as tx:
                if not await hold_lease(tx, LEASE, self._holder):
                    return
                chunks = await personal_flow.compose(tx, [task], chunk, starts[chunk - 1])
            credits = await self._send(chunks, refusal)
            await self._record(credits, [task.pending] if chunk == task.chunks else [])

    async def _record(
        self, credits: Sequence[PersonalCredit], done: Sequence[PendingCredit]
    ) -> None:
        await self._db.run(lambda tx: personal_flow.record(tx, credits, done))

    async def _send(
        self, chunks: Sequence[CreditChunk], refusal: str | None = None
    ) -> list[PersonalCredit]:
        """Send chunks that have a message; with `refusal`, refuse all of them without sending."""
        credits = [
            chunk.credit if refusal is None else chunk.credit.refusal(refusal) for chunk in chunks
        ]
        sent = [
            place
            for place, chunk in enumerate(chunks)
            if chunk.message and not credits[place].refused
        ]
        verdicts = await self._accounts.credit([chunks[place].message or {} for place in sent])
        for place, verdict in zip(sent, verdicts, strict=True):
            if verdict is not None:
                credits[place] = credits[place].refusal(verdict)
        for credit in credits:
            if credit.refused:
                logger().error(
                    "persons not credited", bill=str(credit.bill_id), reason=credit.refused
                )
        return credits


def _groups(tasks: Sequence[CreditTask]) -> list[list[CreditTask]]:
    """Group tasks so that the people of each group fit into one request."""
    groups: list[list[CreditTask]] = []
    room = 0
    for task in tasks:
        size = 2 * max(1, task.paper.people)
        if size > room or not groups:
            groups.append([])
            room = CREDITS_AIMED_AT
        groups[-1].append(task)
        room -= size
    return groups
