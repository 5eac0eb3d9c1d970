"""Judging one round of a slot's writer, in memory and in order: asks in, decision out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from services.ledger.common.domain.refusal import (
    AlreadyReversed,
    AtomicRefused,
    DayClosed,
    EventIdReused,
    HoldExceeded,
    HoldNotDrawn,
    HoldUnknown,
    InsufficientFunds,
    LedgerRefusal,
    NotHoldable,
    ReversalExceeded,
)
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.batch import (
    Ask,
    Booked,
    Decision,
    EventKey,
    Floor,
    FundAccount,
    Held,
    HeldAll,
    Known,
    KnownRefusal,
    KnownVoucher,
    Outcome,
    Post,
    Posted,
    SlotState,
    Unit,
)
from services.ledger.posting.domain.hold import (
    Hold,
    Movement,
    MovementKind,
    Release,
    ReleaseAll,
    hold_uuid,
)
from services.ledger.posting.domain.reversal import excess, is_taken_back, remaining
from services.ledger.posting.domain.voucher import Draft, Line, chain_hash, differences
from shared.errors import Fault
from shared.money import format_yuan


def decide(
    state: SlotState,
    units: Sequence[Unit],
    known: Known,
    *,
    floored: frozenset[str],
    today: date,
    recorded_at: str,
) -> Decision:
    """Judge the asks of a round in their order.

    Args:
        state: the slot as of the revision that the store will confirm.
        units: what was asked.
        known: earlier answers to the same events.
        floored: accounts that may not fall below zero.
        today: for holds that have expired.
        recorded_at: the round's instant, as the chain seals it.
    """
    return _Round(state, known, floored, today, recorded_at).decide(units)


class _Round:
    def __init__(
        self, state: SlotState, known: Known, floored: frozenset[str], today: date, at: str
    ) -> None:
        self.state, self.known, self.floored, self.at = state, known, floored, at
        self.seq, self.hash = state.seq, state.hash
        self.balances = dict(state.balances)
        self.holds = dict(state.holds)
        self.closed: dict[UUID, Hold] = {}
        self.posted: list[Posted] = []
        self.pinned: list[tuple[Draft, LedgerRefusal]] = []
        self.held: list[Hold] = []
        self.movements: list[Movement] = []
        self.leaned = False
        self.new_events: dict[EventKey, tuple[Draft, Booked | LedgerRefusal]] = {}
        self.new_holds: dict[EventKey, Hold] = {}
        self.new_releases: dict[EventKey, tuple[Movement, ...]] = {}
        self.remaining = dict(known.remaining)
        for hold in [h for h in self.holds.values() if h.expires_on and h.expires_on < today]:
            self._move(hold, MovementKind.EXPIRE, hold.remaining_fen, hold.source, hold.event_id)

    def decide(self, units: Sequence[Unit]) -> Decision:
        outcomes = tuple(
            (self._one(unit.asks[0]),)
            if len(unit.asks) == 1 and not unit.rehearsed
            else self._many(unit)
            for unit in units
        )
        decision = Decision(
            self.state, self.state, outcomes, self.posted, self.pinned, self.held,
            self.movements, self.leaned,
        )  # fmt: skip
        if not decision.writes:
            return decision
        after = replace(
            self.state, revision=self.state.revision + 1, seq=self.seq, hash=self.hash,
            balances=self.balances, holds=self.holds,
        )  # fmt: skip
        return replace(decision, after=after)

    def _one(self, ask: Ask) -> Outcome:
        match ask:
            case Post():
                return self._post(ask)
            case Hold():
                return self._hold(ask)
            case Release():
                return self._release(ask)
            case ReleaseAll():
                return self._release_all(ask)

    def _many(self, unit: Unit) -> tuple[Outcome, ...]:
        if not unit.rehearsed:
            return self._all_or_none(unit)
        mark = self._mark()
        if unit.together and len(unit.asks) > 1:
            outcomes = self._all_or_none(unit)
        else:
            outcomes = tuple(self._one(ask) for ask in unit.asks)
        self._back_to(mark)
        return tuple(
            replace(outcome, rehearsed=True)
            if isinstance(outcome, Booked) and not outcome.replayed
            else outcome
            for outcome in outcomes
        )

    def _all_or_none(self, unit: Unit) -> tuple[Outcome, ...]:
        mark = self._mark()
        outcomes = tuple(self._one(ask) for ask in unit.asks)
        if not any(isinstance(outcome, LedgerRefusal) for outcome in outcomes):
            return outcomes
        # Nothing of the attempt is kept, pins included: the sender mends one and sends all again.
        self._back_to(mark)
        return tuple(
            AtomicRefused() if isinstance(outcome, Booked) and not outcome.replayed else outcome
            for outcome in outcomes
        )

    def _mark(self) -> tuple[Any, ...]:
        return (self.seq, self.hash, dict(self.balances), dict(self.holds), dict(self.closed),
                list(self.movements), dict(self.new_events), dict(self.remaining),
                dict(self.new_releases), len(self.posted), len(self.pinned))  # fmt: skip

    def _back_to(self, mark: tuple[Any, ...]) -> None:
        (self.seq, self.hash, self.balances, self.holds, self.closed, self.movements,
         self.new_events, self.remaining, self.new_releases, posted, pinned) = mark  # fmt: skip
        del self.posted[posted:], self.pinned[pinned:]
        self.leaned = True  # what was answered rests on these balances

    # --- vouchers ---------------------------------------------------------------------------

    def _post(self, ask: Post) -> Booked | LedgerRefusal:
        draft = ask.draft
        key = (draft.source, draft.event_id)
        twin = self.new_events.get(key)
        if twin is not None:
            return _same(draft, twin[0].body_hash, twin[0], twin[1])
        found = self.known.events.get(key)
        if isinstance(found, KnownVoucher):
            return _same(draft, found.body_hash, found.first, found.booked)
        if isinstance(found, KnownRefusal):
            return _same(draft, found.body_hash, found.first, found.refusal)
        refusal = ask.refusal or self._against_books(draft)
        if refusal is not None:
            if refusal.pinned:
                self.pinned.append((draft, refusal))
                self.new_events[key] = (draft, refusal)
            return refusal
        booked = self._book(draft)
        return replace(booked, floors=self._floors_of(draft)) if ask.tell_floors else booked

    def _book(self, draft: Draft) -> Booked:
        self.seq += 1
        self.hash = chain_hash(self.hash, draft, self.seq, self.at, self.state.algorithm)
        self.posted.append(Posted(draft, self.seq, self.hash))
        booked = Booked(draft.slot, self.seq, self.hash, replayed=False)
        self.new_events[draft.source, draft.event_id] = (draft, booked)
        left = self.remaining.get(draft.reverses_seq or 0)
        if left is not None:
            changed = [Line(*place, *sums) for place, sums in left.items()]
            self.remaining[draft.reverses_seq or 0] = remaining([*changed, *draft.lines])
        if self.state.slot == CENTRE_SLOT:
            for key, delta_fen in self._floor_deltas(draft).items():
                self.balances[key] = self.balances.get(key, 0) + delta_fen
            self._draw(draft)
        return booked

    def _against_books(self, draft: Draft) -> LedgerRefusal | None:
        left = self.remaining.get(draft.reverses_seq or 0)
        if left is not None:
            if is_taken_back(left):
                return AlreadyReversed(seq=draft.reverses_seq)
            if faults := excess(draft.lines, left):
                return ReversalExceeded(faults=faults, seq=draft.reverses_seq)
        closed_until = self.state.closed_until
        if closed_until is not None and draft.book_date <= closed_until:
            self.leaned = True  # the day may have been opened again since this revision
            return DayClosed(
                faults=[Fault("/book_date", DayClosed.code, draft.book_date.isoformat())],
                closed_until=closed_until.isoformat(),
            )
        if self.state.slot != CENTRE_SLOT:
            return None if draft.hold is None else HoldUnknown(hold=draft.hold)
        hold, drawn_fen = None, 0
        if draft.hold is not None:
            hold = self.holds.get(hold_uuid(draft.hold) or UUID(int=0))
            if hold is None:
                return HoldUnknown(hold=draft.hold)
            drawn_fen = _credited(draft, hold)
            if drawn_fen <= 0:
                return HoldNotDrawn(hold=draft.hold)
            if drawn_fen > hold.remaining_fen:
                remaining = format_yuan(hold.remaining_fen)
                return HoldExceeded(remaining=remaining, asked=format_yuan(drawn_fen))
        return self._below_floor(draft, hold, drawn_fen)

    def _below_floor(
        self, draft: Draft, hold: Hold | None, drawn_fen: int
    ) -> InsufficientFunds | None:
        faults = []
        for (fund, account), delta_fen in self._floor_deltas(draft).items():
            available_fen = self._available(fund, account)
            if hold is not None and (hold.fund, hold.account) == (fund, account):
                available_fen += drawn_fen
            if delta_fen < 0 and available_fen + delta_fen < 0:
                said = (
                    f"{fund}/{account}: available={format_yuan(available_fen)},"
                    f" asked={format_yuan(-delta_fen)}"
                )
                faults.append(Fault("/entries", InsufficientFunds.code, said))
        return InsufficientFunds(faults=faults) if faults else None

    def _floor_deltas(self, draft: Draft) -> dict[FundAccount, int]:
        deltas: dict[FundAccount, int] = {}
        for line in draft.lines:
            if line.account in self.floored:
                key = (line.fund, line.account)
                deltas[key] = deltas.get(key, 0) + line.debit_fen - line.credit_fen
        return deltas

    def _floors_of(self, draft: Draft) -> tuple[Floor, ...]:
        if self.state.slot != CENTRE_SLOT:
            return ()
        return tuple(
            Floor(
                fund, account, self.balances[fund, account],
                self.balances[fund, account] - self._available(fund, account),
            )
            for fund, account in self._floor_deltas(draft)
        )  # fmt: skip

    def _available(self, fund: str, account: str) -> int:
        held_fen = sum(
            hold.remaining_fen
            for hold in self.holds.values()
            if (hold.fund, hold.account) == (fund, account)
        )
        return self.balances.get((fund, account), 0) - held_fen

    # --- holds ------------------------------------------------------------------------------

    def _hold(self, ask: Hold) -> Held | LedgerRefusal:
        key = (ask.source, ask.event_id)
        first = self.known.holds.get(key) or self.new_holds.get(key)
        if first is not None:
            if first.body_hash != ask.body_hash:
                return _reused(first.differences(ask))
            now = self.holds.get(first.id) or self.closed.get(first.id) or first
            return Held(now, replayed=True)
        self.leaned = True
        if ask.account not in self.floored:
            return NotHoldable(account=ask.account)
        available_fen = self._available(ask.fund, ask.account)
        if available_fen < ask.amount_fen:
            # Not pinned: the payer asks again by the same id when money has come in.
            return InsufficientFunds(
                fund=ask.fund, account=ask.account, available=format_yuan(available_fen),
                asked=format_yuan(ask.amount_fen),
            )  # fmt: skip
        self.holds[ask.id] = ask
        self.held.append(ask)
        self.new_holds[key] = ask
        return Held(ask, replayed=False)

    def _release(self, ask: Release) -> Held | LedgerRefusal:
        key = (ask.source, ask.event_id)
        hold = (
            self.holds.get(ask.hold_id)
            or self.closed.get(ask.hold_id)
            or self.known.holds_by_id.get(ask.hold_id)
        )
        first = self.known.releases.get(key) or self.new_releases.get(key)
        if first is not None:
            if [one.hold_id for one in first] != [ask.hold_id]:
                return _reused(["/hold"])
            if first[0].asked_fen != ask.amount_fen:
                return _reused(["/amount"])
            assert hold is not None
            return Held(hold, replayed=True)
        self.leaned = True
        if hold is None:
            return HoldUnknown()
        amount_fen = hold.remaining_fen if ask.amount_fen is None else ask.amount_fen
        if amount_fen > hold.remaining_fen:
            return HoldExceeded(
                remaining=format_yuan(hold.remaining_fen), asked=format_yuan(amount_fen)
            )
        if amount_fen == 0:
            return Held(hold, replayed=False)  # all that remains is nothing: nothing to write
        moved = self._move(
            hold, MovementKind.RELEASE, amount_fen, *key, asked_fen=ask.amount_fen
        )  # fmt: skip
        self.new_releases[key] = (self.movements[-1],)
        return Held(moved, replayed=False)

    def _release_all(self, ask: ReleaseAll) -> HeldAll | LedgerRefusal:
        key = (ask.source, ask.event_id)
        found = [
            self.holds.get(id) or self.closed.get(id) or self.known.holds_by_id.get(id)
            for id in ask.hold_ids
        ]
        holds = tuple(hold for hold in found if hold is not None)
        first = self.known.releases.get(key) or self.new_releases.get(key)
        if first is not None:
            # What had nothing left then has nothing left now, and left no movement behind.
            missing = {one.hold_id for one in first} - set(ask.hold_ids)
            if missing or len(holds) < len(found) or any(hold.remaining_fen for hold in holds):
                return _reused(["/holds"])
            return HeldAll(holds, replayed=True)
        self.leaned = True
        if len(holds) < len(found):
            return HoldUnknown(
                faults=[
                    Fault(f"/holds/{index}", HoldUnknown.code, "无此预留 (no such hold)")
                    for index, hold in enumerate(found)
                    if hold is None
                ]
            )
        already = len(self.movements)
        moved = tuple(
            self._move(hold, MovementKind.RELEASE, hold.remaining_fen, *key)
            if hold.remaining_fen
            else hold
            for hold in holds
        )
        if len(self.movements) > already:
            self.new_releases[key] = tuple(self.movements[already:])
        return HeldAll(moved, replayed=False)

    def _draw(self, draft: Draft) -> None:
        if draft.hold is None:
            return
        hold = self.holds[hold_uuid(draft.hold) or UUID(int=0)]
        drawn_fen = _credited(draft, hold)
        self._move(hold, MovementKind.DRAW, drawn_fen, draft.source, draft.event_id, seq=self.seq)

    def _move(
        self,
        hold: Hold,
        kind: MovementKind,
        amount_fen: int,
        source: str,
        event_id: str,
        *,
        seq: int | None = None,
        asked_fen: int | None = None,
    ) -> Hold:
        moved = replace(hold, remaining_fen=hold.remaining_fen - amount_fen)
        assert moved.remaining_fen >= 0
        self.movements.append(
            Movement(
                hold_id=hold.id, kind=kind, amount_fen=amount_fen,
                remaining_fen=moved.remaining_fen, source=source, event_id=event_id, seq=seq,
                asked_fen=asked_fen,
            )
        )  # fmt: skip
        if moved.remaining_fen:
            self.holds[hold.id] = moved
        else:
            self.holds.pop(hold.id, None)
            self.closed[hold.id] = moved
        return moved


def _credited(draft: Draft, hold: Hold) -> int:
    return sum(
        line.credit_fen
        for line in draft.lines
        if (line.fund, line.account) == (hold.fund, hold.account)
    )


def _same(
    draft: Draft, body_hash: bytes, first: Draft | None, answer: Booked | LedgerRefusal
) -> Booked | LedgerRefusal:
    """The first answer to a repeat; a refusal that names what differs to anything else."""
    if body_hash != draft.body_hash:
        return _reused(differences(first, draft) if first else ["/"])
    return replace(answer, replayed=True) if isinstance(answer, Booked) else answer


def _reused(pointers: list[str]) -> EventIdReused:
    said = "与首次提交的内容不同 (differs from what was first sent)"
    return EventIdReused(
        faults=[Fault(pointer, "DIFFERS", said) for pointer in pointers], fields=" ".join(pointers)
    )
