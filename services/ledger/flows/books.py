"""The books as the doors see them: put work in, wait for its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from prometheus_client import Gauge

from services.ledger.domain.batch import Outcome, Post, Unit
from services.ledger.domain.chart import Catalogue
from services.ledger.domain.check import Checker
from services.ledger.domain.errors import AtomicSpansSlots, OutcomeUnknown, QueueFull
from services.ledger.domain.hold import Hold, Release
from services.ledger.domain.settlement import Settlement
from services.ledger.domain.voucher import CENTRE_SLOT, Draft
from services.ledger.flows.round import Result, Settle
from services.ledger.flows.writer import Job, Ticket, Writer
from services.ledger.store import catalogue as catalogue_store
from services.ledger.store import head as head_store
from shared import clock
from shared.db import Database
from shared.errors import Refusal
from shared.roles import Caller

QUEUED = Gauge("wuxian_ledger_queued", "Vouchers waiting in the queue")


class WrongSlots(Exception):
    """The database was made with another number of slots than the setting says."""


class Books:
    """One process's writers, one per slot, behind one bounded queue."""

    def __init__(self, db: Database, *, slots: int, queue_limit: int) -> None:
        self.db = db
        self.slots = slots
        self.queue_limit = queue_limit
        self._checker: Checker | None = None
        self._writers: list[Writer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._opening = asyncio.Lock()

    @property
    def checker(self) -> Checker:
        """The rules as of the last refresh."""
        assert self._checker is not None, "the books are not open"
        return self._checker

    @property
    def catalogue(self) -> Catalogue:
        """Chart, funds and flows as of the last refresh."""
        return self.checker.catalogue

    async def open(self) -> None:
        """Load the rules, make the slots of a new database, start the writers. May be repeated.

        Raises:
            WrongSlots: the number of slots is fixed for the life of a database.
        """
        async with self._opening:
            if self._tasks:
                return
            await self.refresh()
            there = await self.db.run(lambda tx: head_store.make_slots(tx, self.slots))
            if there != self.slots:
                raise WrongSlots(f"the database has {there} slots, the setting says {self.slots}")
            self._writers = [
                Writer(slot, self.db.connect_raw, lambda: self.checker)
                for slot in range(self.slots)
            ]
            self._tasks = [asyncio.create_task(writer.run()) for writer in self._writers]

    async def close(self) -> None:
        """Stop the writers; what still waits is told that nothing is known."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def refresh(self) -> None:
        """Read the chart, the funds and the flow matrix anew, after an operator's correction."""
        self._checker = Checker(await self.db.run(catalogue_store.load))

    async def post(self, drafts: Sequence[Draft], *, atomic: bool = False) -> list[Outcome]:
        """Post drafts; outcomes in their order.

        Args:
            drafts: what to post, each in its own slot.
            atomic: all or none; they must then lie in one slot.

        Raises:
            AtomicSpansSlots: they do not.
            QueueFull, OutcomeUnknown: try again.
        """
        if not self._tasks:
            await self.open()
        today = clock.today()
        posts = [Post(draft, self.checker.check(draft, today)) for draft in drafts]
        if atomic and len(posts) > 1:
            if len({draft.slot for draft in drafts}) > 1:
                raise AtomicSpansSlots(slots=len({draft.slot for draft in drafts}))
            together = await self._submit([(drafts[0].slot, Unit(tuple(posts)))])
            return list(_outcomes(together[0]))
        answers = await self._submit([(post.draft.slot, Unit((post,))) for post in posts])
        return [outcome for answer in answers for outcome in _outcomes(answer)]

    async def ask(self, ask: Hold | Release) -> Outcome:
        """Make or release a hold in the centre's slot."""
        answers = await self._submit([(CENTRE_SLOT, Unit((ask,)))])
        return _outcomes(answers[0])[0]

    async def settle(self, id: UUID, by: Caller) -> Settlement:
        """Approve and post a settlement, exactly once.

        Raises:
            Refusal: it cannot be approved by this person now, or its voucher is refused.
        """
        answer = (await self._submit([(CENTRE_SLOT, Settle(id, by))]))[0][0]
        if isinstance(answer, Refusal):
            raise answer
        assert isinstance(answer, Settlement)
        return answer

    async def _submit(self, works: Sequence[tuple[int, Unit | Settle]]) -> list[tuple[Result, ...]]:
        if not self._tasks:
            await self.open()
        ticket = Ticket(len(works))
        jobs = [Job(work, ticket, index) for index, (_, work) in enumerate(works)]
        waiting = sum(writer.waiting for writer in self._writers)
        if waiting and waiting + sum(job.size for job in jobs) > self.queue_limit:
            raise QueueFull(waiting=waiting)
        QUEUED.set(waiting + len(jobs))
        for (slot, _), job in zip(works, jobs, strict=True):
            self._writers[slot].put(job)
        await ticket.done
        if any(result is None for result in ticket.results):
            raise OutcomeUnknown
        return [result for result in ticket.results if result is not None]


def _outcomes(results: tuple[Result, ...]) -> tuple[Outcome, ...]:
    return tuple(result for result in results if not isinstance(result, Settlement))  # type: ignore[misc]
