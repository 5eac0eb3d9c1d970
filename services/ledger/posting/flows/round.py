"""One round of a slot's writer: load what is needed, decide in memory, save in one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from services.ledger.common.domain import LedgerRefusal
from services.ledger.posting.domain.batch import (
    Booked,
    Decision,
    Known,
    Outcome,
    Post,
    SlotState,
    Unit,
)
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.hold import Hold, Release, ReleaseAll
from services.ledger.posting.domain.reversal import Remaining
from services.ledger.posting.domain.voucher import CENTRE_SLOT, instant_text
from services.ledger.posting.store import batch as batch_store
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import known as known_store
from services.ledger.posting.store.batch import Statement, Written
from services.ledger.settlement.domain.settlement import (
    EMPTIED,
    Settlement,
    SettlementStatus,
    voucher_of,
)
from services.ledger.settlement.flows.rules import against
from services.ledger.settlement.store import settlement as settlement_store
from shared import clock
from shared.clock import SHANGHAI
from shared.errors import NotFound, Refusal, SamePersonTwice, StateConflict
from shared.roles import Caller

Connection: TypeAlias = "asyncpg.Connection[Any]"


@dataclass(frozen=True, slots=True)
class Settle:
    """Asked: approve and post a settlement."""

    id: UUID
    by: Caller


Result: TypeAlias = Outcome | Settlement | Refusal


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


async def settle(
    connection: Connection,
    ask: Settle,
    checker: Checker,
    now: datetime,
    cached: SlotState | None,
) -> tuple[SlotState, Settlement | Refusal]:
    """Approve a settlement: signature, voucher and status in one transaction, or nothing of it.

    A repeat by the approver gets what was done. Sweeps are computed here, under the lock of the
    centre's head, so that two of them cannot move the same money.
    """
    async with connection.transaction():
        floored = checker.catalogue.floored
        state = await head_store.load(connection, CENTRE_SLOT, floored, lock=True, cached=cached)
        found = await settlement_store.load_for_posting(connection, ask.id)
        if found is None:
            return state, NotFound()
        if found.status is SettlementStatus.POSTED and found.approved_by == ask.by.subject:
            return state, found
        if found.status is not SettlementStatus.PROPOSED:
            return state, StateConflict(status=found.status.value)
        if found.proposed_by == ask.by.subject:
            return state, SamePersonTwice(person=ask.by.subject, step="approved")
        return await _post_settlement(connection, found, ask.by, checker, now, state)


async def _post_settlement(
    connection: Connection,
    found: Settlement,
    by: Caller,
    checker: Checker,
    now: datetime,
    state: SlotState,
) -> tuple[SlotState, Settlement | Refusal]:
    balances = {}
    if found.kind.moves_everything:
        account = EMPTIED[found.kind]
        balances = await settlement_store.emptied_balances(connection, account, found.day)
    if (speaks_against := await against(connection, found, by)) is not None:
        return state, speaks_against
    draft, moved = voucher_of(found, balances)
    seq = None
    if draft is not None:
        refusal = checker.check(draft, now.astimezone(SHANGHAI).date())
        unit = Unit((Post(draft, refusal),))
        decision = await _decide(connection, [unit], checker, now, state)
        outcome = decision.outcomes[0][0]
        if not isinstance(outcome, Booked):
            assert isinstance(outcome, LedgerRefusal)
            return state, outcome
        written = await batch_store.write(connection, decision, now)
        assert written is Written.DONE, "the head was locked"
        state, seq = decision.after, outcome.seq
    posted = replace(
        found, status=SettlementStatus.POSTED, approved_by=by.subject, seq=seq, moved=moved
    )
    await settlement_store.sign(connection, found.id, by)
    await settlement_store.mark_posted(connection, posted, now)
    return state, posted


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
