"""The books as the doors use them: hand in commands, wait for their outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar, cast

from prometheus_client import Gauge

from services.ledger.common.domain.refusal import AtomicSpansSlots, OutcomeUnknown, QueueFull
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.batch import CommandGroup, Outcome, Posting
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.domain.hold import GroupRelease, Hold, HoldRelease
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.suspense import waves
from services.ledger.posting.domain.voucher import SHA256, Draft, is_hash_supported
from services.ledger.posting.flows.checkpoint import Checkpointer
from services.ledger.posting.flows.job import Job, PendingAnswer
from services.ledger.posting.flows.placing import placed
from services.ledger.posting.flows.round import ExclusiveWork, TransferUndo
from services.ledger.posting.flows.sender import BatchSender
from services.ledger.posting.flows.writer import SLOTS_GROWN, Writer
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import owner_slot as owner_slot_store
from services.ledger.posting.store import place as place_store
from services.ledger.posting.store.place import PlaceNumbers
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.rules.store import catalogue as catalogue_store
from shared import clock
from shared.db import Database
from shared.errors import Refusal

T = TypeVar("T")

QUEUED = Gauge("wuxian_ledger_queued", "Vouchers waiting in the queue", multiprocess_mode="livesum")
ANSWER_SECONDS = 30.0
"""Time for an answer; later the outcome is unknown to who asked, and a repeat tells it."""
NEW_SLOTS = 2
"""Slots of a new database unless the setting says otherwise: the centre's, and one for all units,
whose batches are then as large as possible. More are for a database spread over several servers."""


OWNERS_READ = 200_000
"""Owners whose stored slots are read at the start; of a larger city the others one by one."""


class WrongSlots(Exception):
    """The database began with another number of slots than the setting says."""


class WrongHash(Exception):
    """The chains use another hash function than the setting says, or this Python lacks it."""


class WriterGroup:
    """The running writers of one generation of slots, one per slot."""

    def __init__(
        self, slots: SlotMap, make: Callable[[int], Writer], sender: BatchSender | None
    ) -> None:
        self.slots = slots
        self._sender = sender
        self.writers = [make(slot) for slot in range(slots.count)]
        self._tasks = [asyncio.create_task(writer.run()) for writer in self.writers]

    @property
    def waiting(self) -> int:
        """Count the commands in the queues."""
        return sum([writer.waiting for writer in self.writers])

    async def close(self) -> None:
        """Stop the writers; requests that still wait get `OutcomeUnknown`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sender is not None:
            await self._sender.close()


class Books:
    """The writers of one process behind one bounded queue."""

    def __init__(
        self,
        db: Database,
        *,
        slots: int | None,
        queue_limit: int,
        algorithm: str = SHA256,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.db = db
        self.slots = SlotMap((slots or NEW_SLOTS,))
        """The slots of the database as last read, and the owners in them."""
        self._slots_set = slots
        self.algorithm = algorithm
        self.queue_limit = queue_limit
        self.answer_seconds = answer_seconds
        self.undo_transfer: TransferUndo | None = None
        self._checker: Checker | None = None
        self._group: WriterGroup | None = None
        self._numbers = PlaceNumbers()
        self._checkpoints = Checkpointer(db.connect_raw)
        self._tasks: list[asyncio.Task[None]] = []
        self._opening = asyncio.Lock()

    @property
    def writers(self) -> Sequence[Writer]:
        """Return the writers, in the order of their slots."""
        return self._opened.writers

    @property
    def _opened(self) -> WriterGroup:
        assert self._group is not None, "the books are not open"
        return self._group

    @property
    def checker(self) -> Checker:
        """Return the rules as of the last refresh."""
        assert self._checker is not None, "the books are not open"
        return self._checker

    @property
    def is_open(self) -> bool:
        """Tell whether the writers run."""
        return self._group is not None

    @property
    def catalogue(self) -> Catalogue:
        """Return the chart, the funds and the flow matrix as of the last refresh."""
        return self.checker.catalogue

    async def open(self) -> None:
        """Load the rules, create the slots of a new database, start the writers. May be repeated.

        Raises:
            WrongSlots: the number of slots that a database begins with is fixed for its life.
            WrongHash: so is the hash function; or this Python's OpenSSL does not support it.
        """
        async with self._opening:
            if self._group is not None:
                return
            if not is_hash_supported(self.algorithm):
                raise WrongHash(
                    f"this Python's OpenSSL has no {self.algorithm}: set WUXIAN_LEDGER_HASH=sha256,"
                    " or use an OpenSSL 3 that has it"
                )
            await self.refresh()
            self.slots = await self._load_slots()
            self._numbers |= await self.db.run(place_store.load)
            self._group = self._start(self.slots, await self._sender_for(self.slots))
            if not self._tasks:
                self._tasks = [asyncio.create_task(self._checkpoints.run())]
            QUEUED.set_function(self._waiting)

    async def _load_slots(self) -> SlotMap:
        wanted = self._slots_set
        first = self.slots.counts[0]
        slots, algorithm = await self.db.run(
            lambda tx: head_store.make_slots(tx, first, self.algorithm)
        )
        if wanted not in (None, slots.counts[0], slots.count):
            began = f", and began with {slots.counts[0]}" if slots.has_grown else ""
            raise WrongSlots(
                f"the database has {slots.count} slots{began}, the setting says {wanted}"
            )
        if algorithm != self.algorithm:
            raise WrongHash(
                f"the database's chains are hashed by {algorithm}, the setting says"
                f" {self.algorithm}: it is fixed for the life of a database"
            )
        if slots.has_grown:
            slots.remember(
                await self.db.run(lambda tx: owner_slot_store.load_many(tx, OWNERS_READ))
            )
        return slots

    async def _sender_for(self, slots: SlotMap) -> BatchSender | None:
        """Let many slots of one PostgreSQL send together. A distributed one takes each by itself."""
        if slots.count <= NEW_SLOTS or await self.db.run(head_store.is_distributed):
            return None
        sender = BatchSender(self.db.connect_raw, self._numbers)
        await sender.open()
        return sender

    def _start(self, slots: SlotMap, sender: BatchSender | None) -> WriterGroup:
        def make(slot: int) -> Writer:
            return Writer(
                slot,
                slots.generation,
                lambda: self._notice_growth(slots),
                self.db.connect_raw,
                lambda: self.checker,
                self._numbers,
                self._checkpoints,
                sender,
            )

        return WriterGroup(slots, make, sender)

    def _notice_growth(self, slots: SlotMap) -> None:
        """Close the writers of slots that are others now; the next request reads them and opens again.

        Work that still waits was placed by the generation before: it is refused with them.
        """
        if self._group is not None and self._group.slots is slots:
            self._tasks.append(asyncio.create_task(self._group.close()))
            self._group = None

    async def close(self) -> None:
        """Stop the writers; requests that still wait get `OutcomeUnknown`."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        group, self._group = self._group, None
        if group is not None:
            await group.close()

    def _waiting(self) -> int:
        return 0 if self._group is None else self._group.waiting

    async def refresh(self) -> None:
        """Read the chart, the funds and the flow matrix again, after an operator's correction."""
        self._checker = Checker(await self.db.run(catalogue_store.load))

    async def post(
        self,
        drafts: Sequence[Draft],
        *,
        atomic: bool = False,
        rehearse: bool = False,
        with_balances: bool = False,
    ) -> list[Outcome]:
        """Post drafts; outcomes in their order.

        Args:
            drafts: the vouchers, each for its own slot.
            atomic: all or none; they must then lie in one slot.
            rehearse: judge them in the same way, one after the other, and book nothing.
            with_balances: outcomes carry the balances of touched accounts with a floor.

        Raises:
            AtomicSpansSlots: vouchers posted all or none lie in several slots.
            QueueFull, OutcomeUnknown: try again.
        """
        group = self._group or await self._ready()
        if group.slots.has_grown:
            drafts = await placed(self.db, group.slots, drafts, rehearse=rehearse)
            self._require_known(group, *[draft.slot for draft in drafts])
        today = clock.today()
        posts = [self._posting(draft, today, with_balances=with_balances) for draft in drafts]
        if len(posts) == 1 or (atomic and posts):
            slots = {draft.slot for draft in drafts}
            if len(slots) > 1:
                raise AtomicSpansSlots(slots=len(slots))
            all_of_them = CommandGroup(tuple(posts), rehearsed=rehearse)
            answers = await self._submit(group, [(drafts[0].slot, all_of_them)])
            return list(_outcomes(answers[0]))
        if rehearse:
            return await self._rehearse(group, posts)
        found: dict[int, Outcome] = {}
        for wave in waves(drafts):
            works = [(posts[i].draft.slot, CommandGroup((posts[i],))) for i in wave]
            answers = await self._submit(group, works)
            found |= {i: _outcomes(answer)[0] for i, answer in zip(wave, answers, strict=True)}
        return [found[i] for i in range(len(posts))]

    def _posting(self, draft: Draft, today: date, *, with_balances: bool) -> Posting:
        checker = self.checker
        moved = partial(checker.check_moved, today=today) if draft.may_move else None
        return Posting(draft, checker.check(draft, today), with_balances, moved)

    async def _rehearse(self, group: WriterGroup, posts: Sequence[Posting]) -> list[Outcome]:
        """Judge each slot's postings as one group, so that a later one sees what earlier ones do."""
        by_slot: dict[int, list[int]] = {}
        for index, post in enumerate(posts):
            by_slot.setdefault(post.draft.slot, []).append(index)
        works = [
            (slot, CommandGroup(tuple(posts[i] for i in indexes), together=False, rehearsed=True))
            for slot, indexes in by_slot.items()
        ]
        answers = await self._submit(group, works)
        found: dict[int, Outcome] = {}
        for indexes, answer in zip(by_slot.values(), answers, strict=True):
            found |= zip(indexes, _outcomes(answer), strict=True)
        return [found[index] for index in range(len(posts))]

    async def change_holds(self, command: Hold | HoldRelease | GroupRelease) -> Outcome:
        """Make or release holds, in the centre's slot."""
        works = [(CENTRE_SLOT, CommandGroup((command,)))]
        answers = await self._submit(await self._ready(), works)
        return _outcomes(answers[0])[0]

    def _require_known(self, group: WriterGroup, *slots: int) -> None:
        """Refuse slots that a growth has made which this process has not noticed."""
        if any(slot >= group.slots.count for slot in slots):
            self._notice_growth(group.slots)
            raise OutcomeUnknown(reason=SLOTS_GROWN)

    async def run_exclusive(self, work: ExclusiveWork[T], *, slot: int = CENTRE_SLOT) -> T:
        """Run work that has a slot to itself: done once, all of it, or not at all.

        Raises:
            Refusal: what the work raised; nothing of it was kept.
            QueueFull, OutcomeUnknown: try again.
        """
        group = await self._ready()
        self._require_known(group, slot)
        answer = (await self._submit(group, [(slot, work)]))[0][0]
        if isinstance(answer, Refusal):
            raise answer
        return cast("T", answer)

    async def _ready(self) -> WriterGroup:
        if self._group is None:
            await self.open()
        return self._opened

    async def _submit(
        self, group: WriterGroup, works: Sequence[tuple[int, CommandGroup | ExclusiveWork[Any]]]
    ) -> list[tuple[object, ...]]:
        """Hand works to the writers of the group that their slots were found by."""
        if group is not self._group:
            raise OutcomeUnknown(reason=SLOTS_GROWN)
        pending = PendingAnswer(len(works))
        jobs = [Job(work, pending, index) for index, (_, work) in enumerate(works)]
        waiting = group.waiting
        if waiting and waiting + sum(job.size for job in jobs) > self.queue_limit:
            raise QueueFull(waiting=waiting)
        for (slot, _), job in zip(works, jobs, strict=True):
            group.writers[slot].put(job)
        giving_up = asyncio.get_running_loop().call_later(self.answer_seconds, pending.give_up)
        try:
            await pending.done
        finally:
            giving_up.cancel()
        if any(result is None for result in pending.results):
            raise OutcomeUnknown
        return [result for result in pending.results if result is not None]


def _outcomes(results: tuple[object, ...]) -> tuple[Outcome, ...]:
    return cast("tuple[Outcome, ...]", results)
