"""The writer of one slot: takes what is waiting, writes it as one batch, answers everybody.

There is no timer: while one batch is on its way the next one gathers. Nothing is answered before
its commit. When the connection breaks, the writer comes back by itself and plays the batch again;
the events already in the books answer as what they are, so playing again books nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from prometheus_client import Counter, Histogram

from services.ledger.domain.batch import Decision, SlotState, Unit
from services.ledger.domain.check import Checker
from services.ledger.domain.errors import OutcomeUnknown, Unstorable
from services.ledger.flows.round import (
    Connection,
    Result,
    Settle,
    play,
    play_locked,
    play_new,
    settle,
)
from services.ledger.store.batch import Written, prepare
from services.ledger.store.connection import Fate, constraint, fate
from shared.clock import now
from shared.errors import SamePersonTwice
from shared.log import logger

BATCH_MAX = 1000
CROWD = range(48, 512)
"""Sizes of a crowd that is taken in halves."""
RETRY_PAUSES_S = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Pauses between tries when the database is away; after the last, waiters are told so."""
PATIENT_ROUNDS = 16
"""Rounds that lock the head first after another process was met, or that look events up first
after a repeat was met: both tend to come in rows."""

BATCHES = Histogram(
    "wuxian_ledger_batch_asks", "Asks in a batch", ["slot"],
    buckets=(1, 4, 16, 64, 256, 1000, 10_000),
)  # fmt: skip
CONFLICTS = Counter("wuxian_ledger_conflicts", "Batches that met another process", ["slot"])
RETRIES = Counter("wuxian_ledger_retries", "Batches played again after an error", ["slot"])


class Ticket:
    """What one request waits for: its results, in its own order."""

    def __init__(self, count: int) -> None:
        self.results: list[tuple[Result, ...] | None] = [None] * count
        self.left = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(self, index: int, results: tuple[Result, ...]) -> None:
        """Write down the results of one job; the last one wakes the waiter."""
        self.results[index] = results
        self.left -= 1
        if self.left == 0 and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Wake the waiter with an error."""
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True)
class Job:
    """One unit of work in a queue, and whom to tell."""

    work: Unit | Settle
    ticket: Ticket
    index: int
    answer: tuple[Result, ...] | BaseException | None = None

    @property
    def size(self) -> int:
        """How many asks it holds."""
        return len(self.work.asks) if isinstance(self.work, Unit) else 1


Results: TypeAlias = Sequence[tuple[Result, ...]]


class Writer:
    """Writes one slot."""

    def __init__(
        self,
        slot: int,
        connect: Callable[[], Awaitable[Connection]],
        checker: Callable[[], Checker],
    ) -> None:
        self.slot = slot
        self.waiting = 0
        self._connect = connect
        self._checker = checker
        self._jobs: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._connection: Connection | None = None
        self._state: SlotState | None = None
        self._crowded = 0
        self._repeats = 0

    def put(self, job: Job) -> None:
        """Add a job to the queue."""
        self._jobs.append(job)
        self.waiting += job.size
        self._wake.set()

    async def run(self) -> None:
        """Write for ever; cancel to stop. Whoever still waits then is told that nothing is known."""
        served: list[Job] = []
        flight: asyncio.Task[None] | None = None
        try:
            while True:
                in_turns = bool(self._jobs)
                if not in_turns:
                    _tell(served)
                    served = []
                    await self._wake.wait()
                jobs = self._take(halve=not in_turns)
                flight = asyncio.create_task(self._serve(jobs))
                # The next batch is on its way to the database before the last one's waiters are
                # told: what they do then, they do while the database works.
                await asyncio.sleep(0)
                _tell(served)
                served = jobs
                await flight
        finally:
            if flight is not None:
                flight.cancel()
            for job in [*served, *self._jobs]:
                job.answer = job.answer or OutcomeUnknown()
            _tell([*served, *self._jobs])
            await self._drop()

    def _take(self, *, halve: bool) -> list[Job]:
        """What is waiting, up to a batch; a settlement is played alone.

        Clients that all wait for the same batch come back all at once and would leave database and
        process idle in turns for ever; half of such a crowd is taken, so that the two halves overlap.
        """
        jobs: list[Job] = []
        size = 0
        limit = self.waiting // 2 if halve and self.waiting in CROWD else BATCH_MAX
        while self._jobs and size < limit:
            alone = isinstance(self._jobs[0].work, Settle)
            if alone and jobs:
                break
            job = self._jobs.popleft()
            jobs.append(job)
            size += job.size
            if alone:
                break
        self.waiting -= size
        if not self._jobs:
            self._wake.clear()
        return jobs

    async def _serve(self, jobs: Sequence[Job]) -> None:
        """Play a batch until its jobs have their answers."""
        for pause_s in (*RETRY_PAUSES_S, None):
            try:
                results = await self._play(jobs)
            except Exception as error:
                self._state = None
                how = fate(error)
                if how in {Fate.LOST, Fate.BUG}:
                    await self._drop()  # in what state it is, nobody knows
                if how not in {Fate.LOST, Fate.BUSY}:
                    await self._one_by_one(jobs, error, how)
                    return
                RETRIES.labels(str(self.slot)).inc()
                logger().warning("batch met an error", slot=self.slot, error=repr(error)[:300])
                if pause_s is not None:
                    await asyncio.sleep(pause_s)
            else:
                for job, result in zip(jobs, results, strict=True):
                    job.answer = result
                return
        for job in jobs:
            job.answer = OutcomeUnknown()

    async def _one_by_one(self, jobs: Sequence[Job], error: Exception, how: Fate) -> None:
        """An unexpected error hits only the job that causes it: the others are played alone."""
        if len(jobs) > 1:
            logger().warning("batch is played one by one", slot=self.slot, error=repr(error)[:300])
            for job in jobs:
                await self._serve([job])
            return
        job = jobs[0]
        if constraint(error) == "trail_one_signature_a_person":
            job.answer = (SamePersonTwice(step="approved"),)
        elif how is Fate.REFUSED:
            logger().error(
                "the database refused a voucher", slot=self.slot, error=repr(error)[:300]
            )
            job.answer = (Unstorable(),) * job.size
        else:
            job.answer = error

    async def _play(self, jobs: Sequence[Job]) -> Results:
        connection = await self._connected()
        checker, at = self._checker(), now()
        work = jobs[0].work
        if isinstance(work, Settle):
            self._state, settled = await settle(connection, work, checker, at, self._state)
            return [(settled,)]
        units = [job.work for job in jobs if isinstance(job.work, Unit)]
        BATCHES.labels(str(self.slot)).observe(sum(job.size for job in jobs))
        decision = await self._play_alone(connection, units, checker, at)
        if decision is not None:
            self._state = decision.after
            return decision.outcomes
        self._crowded = max(0, self._crowded - 1)
        locked = await play_locked(connection, self.slot, units, checker, at, self._state)
        self._state = locked.after
        return locked.outcomes

    async def _play_alone(
        self, connection: Connection, units: Sequence[Unit], checker: Checker, at: datetime
    ) -> Decision | None:
        """Without locks, as long as no other process is met in the slot."""
        if self._state is None or self._crowded:
            return None
        written = None
        if self._repeats == 0:
            tried = await play_new(connection, units, checker, at, self._state)
            if tried is not None:
                written, decision = tried
                if written is Written.DONE:
                    return decision
                if written is Written.KNOWN:
                    self._repeats = PATIENT_ROUNDS
        self._repeats = max(0, self._repeats - 1)
        if written is not Written.MOVED:
            known = await play(connection, units, checker, at, self._state)
            if known is not None:
                return known
        CONFLICTS.labels(str(self.slot)).inc()
        self._crowded = PATIENT_ROUNDS
        return None

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._state = None
            self._connection = await self._connect()
            await prepare(self._connection)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._state = None
        if connection is not None:
            connection.terminate()


def _tell(jobs: Sequence[Job]) -> None:
    for job in jobs:
        assert job.answer is not None
        if isinstance(job.answer, tuple):
            job.ticket.settle(job.index, job.answer)
        else:
            job.ticket.fail(job.answer)
