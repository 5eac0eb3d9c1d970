"""One round of a slot's writer: load what is needed, decide in memory, save in one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import asyncpg

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.batch import (
    Booked,
    Decision,
    Known,
    Post,
    SlotState,
    Unit,
)
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.hold import Hold, Release, ReleaseAll
from services.ledger.posting.domain.reversal import Remaining
from services.ledger.posting.domain.voucher import Draft, instant_text
from services.ledger.posting.store import batch as batch_store
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import known as known_store
from services.ledger.posting.store.batch import Statement, Written
from shared import clock
from shared.clock import SHANGHAI
from shared.errors import Refusal

Connection: TypeAlias = "asyncpg.Connection[Any]"
T = TypeVar("T")


class LockedSlot:
    """A slot whose head is locked: exclusive work posts here, in the transaction of the lock."""

    def __init__(
        self, connection: Connection, checker: Checker, now: datetime, state: SlotState
    ) -> None:
        self.connection = connection
        self.now = now
        self.state = state
        self._checker = checker

    async def post(self, draft: Draft) -> Booked:
        """Post a voucher of the ledger's own.

        Raises:
            LedgerRefusal: the voucher is refused.
        """
        refusal = self._checker.check(draft, self.now.astimezone(SHANGHAI).date())
        unit = Unit((Post(draft, refusal),))
        decision = await _decide(self.connection, [unit], self._checker, self.now, self.state)
        outcome = decision.outcomes[0][0]
        if isinstance(outcome, LedgerRefusal):
            raise outcome
        assert isinstance(outcome, Booked)
        written = await batch_store.write(self.connection, decision, self.now)
        assert written is Written.DONE, "the head was locked"
        self.state = decision.after
        return outcome


ExclusiveWork: TypeAlias = Callable[[LockedSlot], Awaitable[T]]
"""Work that has a slot to itself while its head is locked. A refusal that it raises undoes it."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A round that is judged and put in words: it only has to be sent."""

    decision: Decision
    statement: Statement


def judge_new(
    units: Sequence[Unit], checker: Checker, now: datetime, state: SlotState
) -> Ready | None:
    """Take it that every event is a new voucher and fits the books: one trip, the usual case.

    None when the asks are of another sort, or would be refused if they were new: then what the
    books know about them must be read first.
    """
    for unit in units:
        if unit.rehearsed:
            return None
        for ask in unit.asks:
            if not isinstance(ask, Post) or ask.refusal or ask.draft.reverses_seq is not None:
                return None
    decision = _judge(state, units, Known(), checker, now)
    if not all(isinstance(one, Booked) for outcome in decision.outcomes for one in outcome):
        return None
    return Ready(decision, batch_store.statement_of(decision, now))


async def play(
    connection: Connection,
    units: Sequence[Unit],
    checker: Checker,
    now: datetime,
    cached: SlotState,
) -> Decision | None:
    """Decide and write against the cached state; None when another process has moved the slot on."""
    decision = await _decide(connection, units, checker, now, cached)
    if decision.writes:
        written = await batch_store.write(connection, decision, now)
        if written is not Written.DONE:
            return None
    return decision


async def play_locked(
    connection: Connection,
    slot: int,
    take: Callable[[], Sequence[Unit]],
    checker: Checker,
    cached: SlotState | None,
) -> Decision:
    """The same with the slot's head locked first of all, so that it cannot lose a race.

    `take` gives the units once the lock is held: what came while another process held it comes
    along.
    """
    async with connection.transaction():
        floored = checker.catalogue.floored
        state = await head_store.load(connection, slot, floored, lock=True, cached=cached)
        units, now = take(), clock.now()
        ready = judge_new(units, checker, now, state)
        if ready and await batch_store.send(connection, ready.statement) is Written.DONE:
            return ready.decision
        decision = await _decide(connection, units, checker, now, state)
        if decision.writes:
            written = await batch_store.write(connection, decision, now)
            assert written is Written.DONE, "the head was locked"
    return decision


async def play_exclusive(
    connection: Connection,
    slot: int,
    work: ExclusiveWork[T],
    checker: Checker,
    cached: SlotState | None,
) -> tuple[SlotState, T | Refusal]:
    """Run exclusive work in one transaction that locks the slot's head first: all of it or nothing."""
    floored = checker.catalogue.floored
    state: SlotState | None = None
    try:
        async with connection.transaction():
            state = await head_store.load(connection, slot, floored, lock=True, cached=cached)
            locked = LockedSlot(connection, checker, clock.now(), state)
            answer = await work(locked)
    except Refusal as refusal:
        assert state is not None
        return state, refusal
    return locked.state, answer


async def _decide(
    connection: Connection,
    units: Sequence[Unit],
    checker: Checker,
    now: datetime,
    state: SlotState,
) -> Decision:
    known = await _known(connection, state.slot, units)
    return _judge(state, units, known, checker, now)


def _judge(
    state: SlotState, units: Sequence[Unit], known: Known, checker: Checker, now: datetime
) -> Decision:
    return decide(
        state,
        units,
        known,
        floored=checker.catalogue.floored,
        today=now.astimezone(SHANGHAI).date(),
        recorded_at=instant_text(now),
    )


async def _known(connection: Connection, slot: int, units: Sequence[Unit]) -> Known:
    asks = [ask for unit in units for ask in unit.asks]
    drafts = [ask.draft for ask in asks if isinstance(ask, Post)]
    events = await known_store.events(connection, slot, drafts) if drafts else {}
    reverses = {draft.reverses_seq for draft in drafts if draft.reverses_seq is not None}
    remaining: dict[int, Remaining] = {}
    if reverses:
        remaining = await known_store.remaining_of(connection, slot, reverses)
    if len(drafts) == len(asks):
        return Known(events=events, remaining=remaining)
    holds = [(ask.source, ask.event_id) for ask in asks if isinstance(ask, Hold)]
    releases = [ask for ask in asks if isinstance(ask, Release | ReleaseAll)]
    keys = [(ask.source, ask.event_id) for ask in releases]
    named = [
        id
        for ask in releases
        for id in (ask.hold_ids if isinstance(ask, ReleaseAll) else (ask.hold_id,))
    ]
    return Known(
        events=events,
        remaining=remaining,
        holds=await known_store.holds_of_events(connection, slot, holds),
        holds_by_id=await known_store.holds_by_id(connection, slot, named),
        releases=await known_store.releases_of_events(connection, slot, keys),
    )
