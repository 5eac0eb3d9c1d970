"""One round of a slot's writer: load the state, decide in memory, write in one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.batch import (
    CommandGroup,
    Decision,
    PostedVoucher,
    Posting,
    PriorAnswers,
    SlotState,
)
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.hold import GroupRelease, Hold, HoldRelease
from services.ledger.posting.domain.reversal import Remaining
from services.ledger.posting.domain.suspense import SuspenseKey, receipts_of, taken
from services.ledger.posting.domain.voucher import Draft, instant_text
from services.ledger.posting.store import batch as batch_store
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import known as known_store
from services.ledger.posting.store import suspense as suspense_store
from services.ledger.posting.store.batch import Statement, WriteResult
from services.ledger.posting.store.place import PlaceNumbers
from shared import clock
from shared.clock import SHANGHAI
from shared.errors import Refusal

Connection: TypeAlias = "asyncpg.Connection[Any]"
SlotPlace: TypeAlias = tuple[int, int]
"""A slot, and the generation of the slots that its owners were placed by."""
SMALL_BATCH: Final = 32
"""A batch of fewer vouchers may share a statement; a larger one is sent by its own writer."""
T = TypeVar("T")


class LockedSlot:
    """A slot with its head locked: exclusive work posts here, in the transaction of the lock."""

    def __init__(
        self,
        connection: Connection,
        checker: Checker,
        now: datetime,
        state: SlotState,
        numbers: PlaceNumbers,
    ) -> None:
        self.connection = connection
        self.now = now
        self.state = state
        self._checker = checker
        self._numbers = numbers

    async def post(self, draft: Draft) -> PostedVoucher:
        """Post a voucher of the ledger's own.

        Raises:
            LedgerRefusal: the voucher is refused.
        """
        refusal = self._checker.check(draft, self.now.astimezone(SHANGHAI).date())
        group = CommandGroup((Posting(draft, refusal),))
        decision = await _decide(self.connection, [group], self._checker, self.now, self.state)
        outcome = decision.outcomes[0][0]
        if isinstance(outcome, LedgerRefusal):
            raise outcome
        assert isinstance(outcome, PostedVoucher)
        written = await batch_store.write(self.connection, decision, self.now, self._numbers)
        assert written is WriteResult.DONE, "the head was locked"
        self.state = decision.after
        return outcome


ExclusiveWork: TypeAlias = Callable[[LockedSlot], Awaitable[T]]
"""Work that has a slot to itself while its head is locked. A refusal that it raises undoes it."""
TransferUndo: TypeAlias = Callable[[LockedSlot, Draft, Draft, int], Awaitable[None]]
"""Takes the money of a reversed transfer (original, reversal and its number) from the account."""


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A decision with the statement that writes it; None when it is small and sent with others."""

    decision: Decision
    recorded_at: datetime
    statement: Statement | None


def judge_new(
    groups: Sequence[CommandGroup],
    checker: Checker,
    now: datetime,
    state: SlotState,
    numbers: PlaceNumbers,
    *,
    may_share: bool = False,
) -> PreparedBatch | None:
    """Judge groups as new vouchers that the books accept: the usual case, in one round trip.

    A small batch that `may_share` a statement with batches of other slots has none of its own.

    None when there are other commands, or when a voucher would be refused even if it were new: then
    what the books know about the events must be read first. None also when a place has no number.
    """
    for group in groups:
        if group.rehearsed:
            return None
        for command in group.commands:
            if (
                not isinstance(command, Posting)
                or command.refusal
                or command.draft.reverses_seq is not None
                or taken(command.draft)
            ):
                return None
    decision = _judge(state, groups, PriorAnswers(), checker, now)
    if not all(isinstance(one, PostedVoucher) for outcome in decision.outcomes for one in outcome):
        return None
    try:
        if may_share and decision.is_plain and len(decision.posted) < SMALL_BATCH:
            for one in decision.posted:
                numbers.array_of(one.draft.entries.pattern)
            return PreparedBatch(decision, now, None)
        return PreparedBatch(decision, now, batch_store.statement_of(decision, now, numbers))
    except KeyError:
        return None  # a place without a number: it gets one when the batch is played


def takes_suspense(groups: Sequence[CommandGroup]) -> bool:
    """Tell whether commands take money out of suspense."""
    return any(
        isinstance(command, Posting) and taken(command.draft)
        for group in groups
        for command in group.commands
    )


async def play(
    connection: Connection,
    groups: Sequence[CommandGroup],
    checker: Checker,
    now: datetime,
    cached: SlotState,
    numbers: PlaceNumbers,
) -> Decision | None:
    """Decide and write on the cached state; None when another process has written to the slot."""
    decision = await _decide(connection, groups, checker, now, cached)
    if decision.writes:
        written = await batch_store.write(connection, decision, now, numbers)
        if written is not WriteResult.DONE:
            return None
    return decision


async def play_locked(
    connection: Connection,
    place: SlotPlace,
    take: Callable[[], Sequence[CommandGroup]],
    checker: Checker,
    cached: SlotState | None,
    numbers: PlaceNumbers,
) -> Decision:
    """Decide and write with the slot's head locked first, so that no other process interferes.

    `take` gives the groups once the lock is held, with those that came while it was awaited.

    Raises:
        SlotsGrown: nothing is written or taken.
    """
    slot, generation = place
    async with connection.transaction():
        floored = checker.catalogue.floored
        state = await head_store.load(
            connection, slot, floored, lock=True, cached=cached, generation=generation
        )
        groups, now = take(), clock.now()
        ready = judge_new(groups, checker, now, state, numbers)
        if ready and ready.statement:
            written = await batch_store.send(connection, ready.statement)
            if written is WriteResult.DONE:
                return ready.decision
        decision = await _decide(connection, groups, checker, now, state)
        if decision.writes:
            written = await batch_store.write(connection, decision, now, numbers)
            assert written is WriteResult.DONE, "the head was locked"
    return decision


async def play_exclusive(
    connection: Connection,
    place: SlotPlace,
    work: ExclusiveWork[T],
    checker: Checker,
    cached: SlotState | None,
    numbers: PlaceNumbers,
) -> tuple[SlotState, T | Refusal]:
    """Run exclusive work in one transaction that locks the slot's head first: all of it or nothing.

    Raises:
        SlotsGrown: nothing is written.
    """
    slot, generation = place
    floored = checker.catalogue.floored
    state: SlotState | None = None
    try:
        async with connection.transaction():
            state = await head_store.load(
                connection, slot, floored, lock=True, cached=cached, generation=generation
            )
            locked = LockedSlot(connection, checker, clock.now(), state, numbers)
            answer = await work(locked)
    except Refusal as refusal:
        assert state is not None
        return state, refusal
    return locked.state, answer


async def _decide(
    connection: Connection,
    groups: Sequence[CommandGroup],
    checker: Checker,
    now: datetime,
    state: SlotState,
) -> Decision:
    known = await _known(connection, state.slot, groups)
    return _judge(state, groups, known, checker, now)


def _judge(
    state: SlotState,
    groups: Sequence[CommandGroup],
    known: PriorAnswers,
    checker: Checker,
    now: datetime,
) -> Decision:
    return decide(
        state,
        groups,
        known,
        floored=checker.catalogue.floored,
        today=now.astimezone(SHANGHAI).date(),
        recorded_at=instant_text(now),
    )


async def _known(connection: Connection, slot: int, groups: Sequence[CommandGroup]) -> PriorAnswers:
    commands = [command for group in groups for command in group.commands]
    drafts = [command.draft for command in commands if isinstance(command, Posting)]
    events = await known_store.events(connection, slot, drafts) if drafts else {}
    reverses = {draft.reverses_seq for draft in drafts if draft.reverses_seq is not None}
    remaining: dict[int, Remaining] = {}
    if reverses:
        remaining = await known_store.remaining_of(connection, slot, reverses)
    suspense: dict[SuspenseKey, int] = {}
    if receipts := receipts_of(drafts):
        await suspense_store.lock(connection, receipts)
        suspense = await suspense_store.free_of(connection, receipts)
    if len(drafts) == len(commands):
        return PriorAnswers(events=events, remaining=remaining, suspense=suspense)
    holds = [
        (command.source, command.event_id) for command in commands if isinstance(command, Hold)
    ]
    releases = [command for command in commands if isinstance(command, HoldRelease | GroupRelease)]
    keys = [(command.source, command.event_id) for command in releases]
    named = [
        id
        for command in releases
        for id in (command.hold_ids if isinstance(command, GroupRelease) else (command.hold_id,))
    ]
    return PriorAnswers(
        events=events,
        remaining=remaining,
        suspense=suspense,
        holds=await known_store.holds_of_events(connection, slot, holds),
        holds_by_id=await known_store.holds_by_id(connection, slot, named),
        releases=await known_store.releases_of_events(connection, slot, keys),
    )
