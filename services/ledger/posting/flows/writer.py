"""The writer of one slot: takes what is waiting, writes it as one batch, answers everybody.

There is no timer: while one batch is on its way the next one gathers, and is judged on what that
one will leave. Nothing is sent before the one before it has landed, or answered before its commit.
When the connection breaks, the writer comes back by itself and plays the batch again; the events
already in the books answer as what they are, so playing again books nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from prometheus_client import Counter, Histogram

from services.ledger.common.domain.refusal import OutcomeUnknown, Unstorable
from services.ledger.common.store.connection import Fate, fate
from services.ledger.posting.domain.batch import Decision, SlotState, Unit
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.flows.round import (
    Connection,
    ExclusiveWork,
    Ready,
    judge_new,
    play,
    play_exclusive,
    play_locked,
)
from services.ledger.posting.store.batch import Written, prepare, send
from shared.clock import now
from shared.process.log import logger

BATCH_MAX = 1000
CROWD = range(48, 512)
"""Sizes of a crowd that is taken in halves."""
WORTH_AHEAD = 8
"""Fewer than these are not judged ahead of their turn."""
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
        self.results: list[tuple[object, ...] | None] = [None] * count
        self.left = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(self, index: int, results: tuple[object, ...]) -> None:
        """Write down the results of one job; the last one wakes the waiter."""
        self.results[index] = results
        self.left -= 1
        if self.left == 0 and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Wake the waiter with an error."""
        if not self.done.done():
            self.done.set_exception(error)


class Job:
    """One unit of work in a queue, and whom to tell. `size` is the number of asks it holds."""

    __slots__ = ("answer", "index", "is_exclusive", "size", "ticket", "work")

    def __init__(self, work: Unit | ExclusiveWork[object], ticket: Ticket, index: int) -> None:
        self.work = work
        self.ticket = ticket
        self.index = index
        self.is_exclusive = not isinstance(work, Unit)
        self.size = len(work.asks) if isinstance(work, Unit) else 1
        self.answer: tuple[object, ...] | BaseException | None = None


@dataclass(slots=True)
class Flight:
    """A batch on its way to the database; `ready` when it was judged before it left."""

    jobs: list[Job]
    ready: Ready | None = None
    task: asyncio.Task[None] = field(init=False)

    @property
    def size(self) -> int:
        """How many asks it holds."""
        return sum(job.size for job in self.jobs)


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
        self._flying: Flight | None = None
        self._boarding: Flight | None = None
        self._crowded = 0
        self._repeats = 0

    def put(self, job: Job) -> None:
        """Add a job to the queue."""
        self._jobs.append(job)
        self.waiting += job.size
        self._wake.set()

    async def run(self) -> None:
        """Write for ever; cancel to stop. Whoever still waits then is told that nothing is known."""
        landed: Flight | None = None
        try:
            while True:
                while not self._is_due():
                    self._wake.clear()
                    await self._wake.wait()
                self._boarding = self._board() if self._jobs else None
                if self._flying is not None:
                    await self._flying.task
                landed, self._flying, self._boarding = self._flying, self._boarding, None
                # The next batch is on its way to the database before the last one's waiters are
                # told: what they do then, they do while the database works.
                if self._flying is not None:
                    self._flying.task = asyncio.create_task(self._serve(self._flying))
                    self._flying.task.add_done_callback(lambda _: self._wake.set())
                    await asyncio.sleep(0)
                if landed is not None:
                    _tell(landed.jobs)
                    landed = None
        finally:
            flying = self._flying
            if flying is not None:
                flying.task.cancel()
            flights = [one for one in (landed, self._flying, self._boarding) if one]
            left = [*(job for flight in flights for job in flight.jobs), *self._jobs]
            for job in left:
                job.answer = job.answer or OutcomeUnknown()
            _tell(left)
            await self._drop()
            if flying is not None:
                await asyncio.gather(flying.task, return_exceptions=True)
                await self._drop()  # it may have been connecting just then

    def _is_due(self) -> bool:
        """Whether something is to be done: told, or taken.

        While a batch is on its way, as many as it holds may be judged ahead; fewer had better wait
        for company.
        """
        flying = self._flying
        if flying is None:
            return bool(self._jobs)
        enough = flying.ready is not None and self.waiting >= max(flying.size, WORTH_AHEAD)
        return enough or flying.task.done()

    def _board(self) -> Flight:
        """The next batch, judged as the books will be once the one before it has landed."""
        if self._crowded and not self._jobs[0].is_exclusive:
            return Flight([])  # taken when the lock is held
        flying, state = self._flying, self._state
        jobs = self._take(halve=flying is None)
        if flying is not None and not flying.task.done():
            state = flying.ready.decision.after if flying.ready else None
        return Flight(jobs, self._judge(jobs, state))

    def _judge(self, jobs: Sequence[Job], state: SlotState | None) -> Ready | None:
        """A batch ready to be sent, if it is of the usual sort and nothing speaks against it."""
        if state is None or self._crowded or self._repeats or jobs[0].is_exclusive:
            return None
        try:
            return judge_new(_units(jobs), self._checker(), now(), state)
        except Exception:
            return None  # met again, and answered, when it is played in earnest

    def _take(self, *, halve: bool) -> list[Job]:
        """What is waiting, up to a batch; exclusive work is played alone.

        Clients that all wait for the same batch come back all at once and would leave database and
        process idle in turns for ever; half of such a crowd is taken, so that the two halves overlap.
        """
        jobs: list[Job] = []
        size = 0
        limit = self.waiting // 2 if halve and self.waiting in CROWD else BATCH_MAX
        while self._jobs and size < limit:
            alone = self._jobs[0].is_exclusive
            if alone and jobs:
                break
            job = self._jobs.popleft()
            jobs.append(job)
            size += job.size
            if alone:
                break
        self.waiting -= size
        return jobs

    async def _serve(self, flight: Flight) -> None:
        if not flight.jobs:
            await self._serve_locked(flight)
        else:
            await self._answer(flight.jobs, flight.ready)

    async def _serve_locked(self, flight: Flight) -> None:
        """Take what waits only when the slot's head is locked: under another process's writing
        that makes few large batches of many small ones."""

        def take() -> Sequence[Unit]:
            flight.jobs += self._take(halve=False)
            return _units(flight.jobs)

        try:
            connection = await self._connected()
            await self._play_locked(connection, take, flight.jobs)
        except Exception:
            await self._drop()
            await self._answer(flight.jobs or self._take_onto(flight))

    def _take_onto(self, flight: Flight) -> list[Job]:
        flight.jobs += self._take(halve=False)
        return flight.jobs

    async def _answer(self, jobs: Sequence[Job], ready: Ready | None = None) -> None:
        """Play a batch until its jobs have their answers."""
        for pause_s in (*RETRY_PAUSES_S, None):
            try:
                await self._play(jobs, ready)
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
                return
        for job in jobs:
            job.answer = OutcomeUnknown()

    async def _one_by_one(self, jobs: Sequence[Job], error: Exception, how: Fate) -> None:
        """An unexpected error hits only the job that causes it: the others are played alone."""
        if len(jobs) > 1:
            logger().warning("batch is played one by one", slot=self.slot, error=repr(error)[:300])
            for job in jobs:
                await self._answer([job])
            return
        job = jobs[0]
        if how is Fate.REFUSED:
            logger().error(
                "the database refused a voucher", slot=self.slot, error=repr(error)[:300]
            )
            job.answer = (Unstorable(),) * job.size
        else:
            job.answer = error

    async def _play(self, jobs: Sequence[Job], ready: Ready | None) -> None:
        connection = await self._connected()
        work = jobs[0].work
        if not isinstance(work, Unit):
            self._state, answer = await play_exclusive(
                connection, self.slot, work, self._checker(), self._state
            )
            jobs[0].answer = (answer,)
            return
        decision = await self._play_alone(connection, jobs, ready)
        if decision is None:
            await self._play_locked(connection, lambda: _units(jobs), jobs)
        else:
            self._played(jobs, decision)

    async def _play_alone(
        self, connection: Connection, jobs: Sequence[Job], ready: Ready | None
    ) -> Decision | None:
        """Without locks, as long as no other process is met in the slot."""
        if self._state is None or self._crowded:
            return None
        if ready is None or ready.decision.before is not self._state:
            ready = self._judge(jobs, self._state)
        written = None
        if ready is not None:
            written = await send(connection, ready.statement)
            if written is Written.DONE:
                return ready.decision
            if written is Written.KNOWN:
                self._repeats = PATIENT_ROUNDS
        self._repeats = max(0, self._repeats - 1)
        if written is not Written.MOVED:
            units = _units(jobs)
            known = await play(connection, units, self._checker(), now(), self._state)
            if known is not None:
                return known
        CONFLICTS.labels(str(self.slot)).inc()
        self._crowded = PATIENT_ROUNDS
        return None

    async def _play_locked(
        self, connection: Connection, take: Callable[[], Sequence[Unit]], jobs: Sequence[Job]
    ) -> None:
        self._crowded = max(0, self._crowded - 1)
        checker = self._checker()
        decision = await play_locked(connection, self.slot, take, checker, self._state)
        self._played(jobs, decision)

    def _played(self, jobs: Sequence[Job], decision: Decision) -> None:
        self._state = decision.after
        BATCHES.labels(str(self.slot)).observe(sum(job.size for job in jobs))
        for job, result in zip(jobs, decision.outcomes, strict=True):
            job.answer = result

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


def _units(jobs: Sequence[Job]) -> list[Unit]:
    return [job.work for job in jobs if isinstance(job.work, Unit)]


def _tell(jobs: Sequence[Job]) -> None:
    for job in jobs:
        assert job.answer is not None
        if isinstance(job.answer, tuple):
            job.ticket.settle(job.index, job.answer)
        else:
            job.ticket.fail(job.answer)
