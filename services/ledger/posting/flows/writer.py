"""The writer of one slot: takes what is waiting, writes it as one batch, answers every request.

There is no timer. While one batch is being written the next one gathers, and is judged on the state
that the first will leave. A batch is sent only when the batch before it is written, and a request
is answered only after the commit. When the connection breaks, the writer reconnects and plays the
batch again: events that are in the books already get their first answer, so nothing is booked twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from prometheus_client import Counter, Histogram

from services.ledger.common.domain.refusal import OutcomeUnknown, Unstorable
from services.ledger.common.store.connection import FailureKind, failure_kind
from services.ledger.posting.domain.batch import CommandGroup, Decision, SlotState
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.flows.checkpoint import Checkpointer
from services.ledger.posting.flows.job import Job
from services.ledger.posting.flows.round import (
    Connection,
    PreparedBatch,
    judge_new,
    play,
    play_exclusive,
    play_locked,
    takes_suspense,
)
from services.ledger.posting.flows.sender import BatchSender
from services.ledger.posting.store import place as place_store
from services.ledger.posting.store.batch import WriteResult, prepare, send
from services.ledger.posting.store.head import SlotsGrown
from services.ledger.posting.store.place import PlaceNumbers
from shared.clock import now
from shared.process.log import logger
from shared.process.outage import Outage, outage_of

BATCH_MAX = 1000
HALVED_QUEUE = range(48, 512)
"""Queue lengths at which only half is taken, so that two batches overlap."""
AHEAD_MIN = 8
"""Fewer waiting commands than these are not judged ahead of their turn."""
RETRY_PAUSES_S = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Pauses between tries while the database is away; after the last, the outcome is unknown."""
SLOTS_GROWN = "SLOTS_GROWN"
"""Reason of an unknown outcome: nothing was written, and owners are placed anew for the next try."""
CAUTIOUS_ROUNDS = 16
"""Rounds that lock the head first after another process wrote to the slot, or that look events up
first after a repeat: both tend to come in series."""

BATCHES = Histogram(
    "wuxian_ledger_batch_asks",
    "Commands in a batch",
    ["slot"],
    buckets=(1, 4, 16, 64, 256, 1000, 10_000),
)
CONFLICTS = Counter("wuxian_ledger_conflicts", "Batches that met another process", ["slot"])
RETRIES = Counter("wuxian_ledger_retries", "Batches played again after an error", ["slot"])


@dataclass(slots=True)
class Batch:
    """Jobs that are written together; `ready` when they were judged before their turn."""

    jobs: list[Job]
    ready: PreparedBatch | None = None
    task: asyncio.Task[None] = field(init=False)

    @property
    def size(self) -> int:
        """Count the commands."""
        return sum(job.size for job in self.jobs)


class Writer:
    """The writer of one slot, in one generation of the slots.

    Once the slots have grown it writes nothing any more: it asks to try again, and calls `grown`.
    """

    def __init__(
        self,
        slot: int,
        generation: int,
        grown: Callable[[], None],
        connect: Callable[[], Awaitable[Connection]],
        checker: Callable[[], Checker],
        numbers: PlaceNumbers,
        checkpoints: Checkpointer,
        sender: BatchSender | None,
    ) -> None:
        self.slot = slot
        self.waiting = 0
        self._generation = generation
        self._grown = grown
        self._numbers = numbers
        self._checkpoints = checkpoints
        self._sender = sender
        self._connect = connect
        self._checker = checker
        self._jobs: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._connection: Connection | None = None
        self._state: SlotState | None = None
        self._current: Batch | None = None
        self._next: Batch | None = None
        self._connections = 0
        self._contended = 0
        self._repeats = 0

    def put(self, job: Job) -> None:
        """Add a job to the queue."""
        self._jobs.append(job)
        self.waiting += job.size
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled. Requests that still wait then get `OutcomeUnknown`."""
        written_batch: Batch | None = None
        try:
            while True:
                while not self._is_due():
                    self._wake.clear()
                    await self._wake.wait()
                self._next = self._gather() if self._jobs else None
                if self._current is not None:
                    await self._current.task
                written_batch, self._current, self._next = self._current, self._next, None
                # Send the next batch before answering the last one: the requests that are answered
                # go on while the database works.
                if self._current is not None:
                    self._current.task = asyncio.create_task(self._serve(self._current))
                    self._current.task.add_done_callback(lambda _: self._wake.set())
                    await asyncio.sleep(0)
                if written_batch is not None:
                    _answer_requests(written_batch.jobs)
                    written_batch = None
        finally:
            current = self._current
            if current is not None:
                current.task.cancel()
            batches = [one for one in (written_batch, self._current, self._next) if one]
            left = [*(job for batch in batches for job in batch.jobs), *self._jobs]
            for job in left:
                job.answer = job.answer or OutcomeUnknown()
            _answer_requests(left)
            await self._drop()
            if current is not None:
                await asyncio.gather(current.task, return_exceptions=True)
                await self._drop()  # the task may have been connecting at that moment

    def _is_due(self) -> bool:
        """Tell whether there is a batch to take or to answer.

        While a batch is being written, the next one is judged ahead once it is as large; a smaller
        one waits to grow.
        """
        current = self._current
        if current is None:
            return bool(self._jobs)
        enough = current.ready is not None and self.waiting >= max(current.size, AHEAD_MIN)
        return enough or current.task.done()

    def _gather(self) -> Batch:
        """Take the next batch and judge it on the state that the current one will leave."""
        if self._contended and not self._jobs[0].is_exclusive:
            return Batch([])  # taken when the lock is held
        current, state = self._current, self._state
        jobs = self._take(halve=current is None)
        if current is not None and not current.task.done():
            state = current.ready.decision.after if current.ready else None
        return Batch(jobs, self._judge(jobs, state))

    def _judge(self, jobs: Sequence[Job], state: SlotState | None) -> PreparedBatch | None:
        """Prepare a batch of new vouchers that none of the checks refuses; None for any other."""
        if state is None or self._contended or self._repeats or jobs[0].is_exclusive:
            return None
        try:
            return judge_new(
                _groups(jobs),
                self._checker(),
                now(),
                state,
                self._numbers,
                may_share=self._sender is not None,
            )
        except Exception:
            return None  # the same error is met and answered when the batch is played

    def _take(self, *, halve: bool) -> list[Job]:
        """Take what is waiting, up to a full batch. Exclusive work is taken alone.

        Clients that all wait for the same batch come back together and would leave database and
        process idle in turns. Half of such a queue is taken, so that two batches overlap.
        """
        jobs: list[Job] = []
        size = 0
        limit = self.waiting // 2 if halve and self.waiting in HALVED_QUEUE else BATCH_MAX
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

    async def _serve(self, batch: Batch) -> None:
        if not batch.jobs:
            await self._serve_locked(batch)
        else:
            await self._answer(batch.jobs, batch.ready)

    async def _serve_locked(self, batch: Batch) -> None:
        """Take what is waiting only once the slot's head is locked.

        While another process writes to the slot, that makes a few large batches of many small ones.
        """

        def take() -> Sequence[CommandGroup]:
            batch.jobs += self._take(halve=False)
            return _groups(batch.jobs)

        try:
            connection = await self._connected()
            await self._play_locked(connection, take, batch.jobs)
        except Exception:
            await self._drop()
            await self._answer(batch.jobs or self._take_onto(batch))

    def _take_onto(self, batch: Batch) -> list[Job]:
        batch.jobs += self._take(halve=False)
        return batch.jobs

    async def _answer(self, jobs: Sequence[Job], ready: PreparedBatch | None = None) -> None:
        """Play a batch until its jobs have answers."""
        outage: Outage | None = None
        for pause_s in (*RETRY_PAUSES_S, None):
            try:
                await self._play(jobs, ready)
            except SlotsGrown:
                self._grown()
                for job in jobs:
                    job.answer = OutcomeUnknown(reason=SLOTS_GROWN)
                return
            except Exception as error:
                self._state = None
                how = failure_kind(error)
                if how in {FailureKind.LOST, FailureKind.BUG}:
                    await self._drop()  # the state of the connection is unknown
                if how not in {FailureKind.LOST, FailureKind.BUSY}:
                    await self._one_by_one(jobs, error, how)
                    return
                outage = outage_of(error)
                RETRIES.labels(str(self.slot)).inc()
                logger().warning("batch met an error", slot=self.slot, error=repr(error)[:300])
                if pause_s is not None:
                    await asyncio.sleep(pause_s)
            else:
                return
        for job in jobs:
            job.answer = OutcomeUnknown(reason=outage.value) if outage else OutcomeUnknown()

    async def _one_by_one(self, jobs: Sequence[Job], error: Exception, how: FailureKind) -> None:
        """Play the jobs of a failing batch one by one, so that only the faulty one fails."""
        if len(jobs) > 1:
            logger().warning("batch is played one by one", slot=self.slot, error=repr(error)[:300])
            for job in jobs:
                await self._answer([job])
            return
        job = jobs[0]
        if how is FailureKind.REFUSED:
            logger().error(
                "the database refused a voucher", slot=self.slot, error=repr(error)[:300]
            )
            job.answer = (Unstorable(),) * job.size
        else:
            job.answer = error

    async def _play(self, jobs: Sequence[Job], ready: PreparedBatch | None) -> None:
        connection = await self._connected()
        work = jobs[0].work
        if not isinstance(work, CommandGroup):
            self._state, answer = await play_exclusive(
                connection,
                (self.slot, self._generation),
                work,
                self._checker(),
                self._state,
                self._numbers,
            )
            self._checkpoints.note(self.slot, self._state.seq)
            jobs[0].answer = (answer,)
            return
        decision = await self._play_alone(connection, jobs, ready)
        if decision is None:
            await self._play_locked(connection, lambda: _groups(jobs), jobs)
        else:
            self._played(jobs, decision)

    async def _play_alone(
        self, connection: Connection, jobs: Sequence[Job], ready: PreparedBatch | None
    ) -> Decision | None:
        """Play a batch without locks; None when another process has written to the slot."""
        if self._state is None or self._contended:
            return None
        if takes_suspense(_groups(jobs)):
            return None  # other slots may take from the same receipt: it is locked first
        if ready is None or ready.decision.before is not self._state:
            ready = self._judge(jobs, self._state)
        written = None
        if ready is not None:
            written = await self._send(connection, ready)
            if written is WriteResult.DONE:
                return ready.decision
            if written is WriteResult.KNOWN:
                self._repeats = CAUTIOUS_ROUNDS
        self._repeats = max(0, self._repeats - 1)
        if written is not WriteResult.MOVED:
            groups = _groups(jobs)
            known = await play(
                connection, groups, self._checker(), now(), self._state, self._numbers
            )
            if known is not None:
                return known
        CONFLICTS.labels(str(self.slot)).inc()
        self._contended = CAUTIOUS_ROUNDS
        return None

    async def _send(self, connection: Connection, ready: PreparedBatch) -> WriteResult:
        if ready.statement is not None:
            return await send(connection, ready.statement)
        assert self._sender is not None, "nothing else lets a batch share a statement"
        return await self._sender.send(ready)

    async def _play_locked(
        self,
        connection: Connection,
        take: Callable[[], Sequence[CommandGroup]],
        jobs: Sequence[Job],
    ) -> None:
        self._contended = max(0, self._contended - 1)
        place = (self.slot, self._generation)
        checker = self._checker()
        decision = await play_locked(connection, place, take, checker, self._state, self._numbers)
        self._played(jobs, decision)

    def _played(self, jobs: Sequence[Job], decision: Decision) -> None:
        self._state = decision.after
        self._checkpoints.note(self.slot, self._state.seq)
        BATCHES.labels(str(self.slot)).observe(sum(job.size for job in jobs))
        for job, result in zip(jobs, decision.outcomes, strict=True):
            job.answer = result

    async def _connected(self) -> Connection:
        if self._sender is not None and self._connections != self._sender.connections:
            self._connections, self._state = self._sender.connections, None
        if self._connection is None or self._connection.is_closed():
            self._state = None
            self._connection = await self._connect()
            await prepare(self._connection)
            await place_store.renew(self._connection, self._numbers)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._state = None
        if connection is not None:
            connection.terminate()


def _groups(jobs: Sequence[Job]) -> list[CommandGroup]:
    return [job.work for job in jobs if isinstance(job.work, CommandGroup)]


def _answer_requests(jobs: Sequence[Job]) -> None:
    for job in jobs:
        assert job.answer is not None
        if isinstance(job.answer, tuple):
            job.pending.settle(job.index, job.answer)
        else:
            job.pending.fail(job.answer)
