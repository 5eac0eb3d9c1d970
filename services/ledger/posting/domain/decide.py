"""Decision on one round of a slot's writer, made in memory and in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.ledger.common.domain.refusal import (
    AlreadyReversed,
    AtomicRefused,
    DayClosed,
    HoldUnknown,
    LedgerRefusal,
    ReversalExceeded,
)
from services.ledger.posting.domain.batch import (
    ChainedDraft,
    Command,
    CommandGroup,
    Decision,
    EventKey,
    Outcome,
    PostedVoucher,
    Posting,
    PriorAnswers,
    PriorRefusal,
    PriorVoucher,
    SlotState,
)
from services.ledger.posting.domain.book_days import day_after
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.floors import FloorBook, reused
from services.ledger.posting.domain.hold import GroupRelease, Hold, HoldRelease
from services.ledger.posting.domain.reversal import excess, is_taken_back, remaining
from services.ledger.posting.domain.suspense import moved, suspense_refusal
from services.ledger.posting.domain.voucher import (
    Draft,
    chain_hash,
    differences,
    is_moved_from,
    moved_to,
)
from shared.book_days.open_day import closed_words
from shared.errors import Fault


def decide(
    state: SlotState,
    groups: Sequence[CommandGroup],
    prior: PriorAnswers,
    *,
    floored: frozenset[str],
    today: date,
    recorded_at: str,
) -> Decision:
    """Judge the commands of a round in their order.

    Args:
        state: the slot as of the revision that the store will confirm.
        groups: the commands.
        prior: earlier answers to the same events.
        floored: accounts that may not fall below zero.
        today: the day that decides which holds have expired.
        recorded_at: the round's instant, as the chain seals it.
    """
    return _Round(state, prior, floored, today, recorded_at).decide(groups)


class _Round:
    def __init__(
        self,
        state: SlotState,
        prior: PriorAnswers,
        floored: frozenset[str],
        today: date,
        recorded_at: str,
    ) -> None:
        self.state, self.prior, self.recorded_at = state, prior, recorded_at
        self.seq, self.hash = state.seq, state.hash
        self.floors = FloorBook(state, prior, floored, today)
        self.posted: list[ChainedDraft] = []
        self.pinned: list[tuple[Draft, LedgerRefusal]] = []
        self.relies_on_state = False
        self.new_events: dict[EventKey, tuple[Draft, PostedVoucher | LedgerRefusal]] = {}
        self.remaining = dict(prior.remaining)
        self.suspense = dict(prior.suspense)

    def decide(self, groups: Sequence[CommandGroup]) -> Decision:
        outcomes = tuple(
            (self._one(group.commands[0]),)
            if len(group.commands) == 1 and not group.rehearsed
            else self._many(group)
            for group in groups
        )
        decision = Decision(
            self.state,
            self.state,
            outcomes,
            self.posted,
            self.pinned,
            self.floors.made,
            self.floors.movements,
            self.relies_on_state or self.floors.is_relied_on,
        )
        if not decision.writes:
            return decision
        after = replace(
            self.state,
            revision=self.state.revision + 1,
            seq=self.seq,
            hash=self.hash,
            balances=self.floors.balances,
            holds=self.floors.holds,
        )
        return replace(decision, after=after)

    def _one(self, command: Command) -> Outcome:
        match command:
            case Posting():
                return self._post(command)
            case Hold():
                return self.floors.hold(command)
            case HoldRelease():
                return self.floors.release(command)
            case GroupRelease():
                return self.floors.release_all(command)

    def _many(self, group: CommandGroup) -> tuple[Outcome, ...]:
        if not group.rehearsed:
            return self._all_or_none(group)
        mark = self._mark()
        if group.together and len(group.commands) > 1:
            outcomes = self._all_or_none(group)
        else:
            outcomes = tuple(self._one(command) for command in group.commands)
        self._back_to(mark)
        return tuple(
            replace(outcome, rehearsed=True)
            if isinstance(outcome, PostedVoucher) and not outcome.replayed
            else outcome
            for outcome in outcomes
        )

    def _all_or_none(self, group: CommandGroup) -> tuple[Outcome, ...]:
        mark = self._mark()
        outcomes = tuple(self._one(command) for command in group.commands)
        if not any(isinstance(outcome, LedgerRefusal) for outcome in outcomes):
            return outcomes
        # Nothing of the attempt is kept, pinned refusals included: the sender corrects one voucher
        # and sends all of them again.
        self._back_to(mark)
        return tuple(
            AtomicRefused()
            if isinstance(outcome, PostedVoucher) and not outcome.replayed
            else outcome
            for outcome in outcomes
        )

    def _mark(self) -> tuple[Any, ...]:
        return (
            self.seq,
            self.hash,
            self.floors.mark(),
            dict(self.new_events),
            dict(self.remaining),
            dict(self.suspense),
            len(self.posted),
            len(self.pinned),
        )

    def _back_to(self, mark: tuple[Any, ...]) -> None:
        self.seq, self.hash, floors, self.new_events, self.remaining, *rest = mark
        self.suspense, posted, pinned = rest
        self.floors.back_to(floors)
        del self.posted[posted:], self.pinned[pinned:]
        self.relies_on_state = True  # the answers rest on the balances of this revision

    def _post(self, posting: Posting) -> PostedVoucher | LedgerRefusal:
        draft = posting.draft
        key = (draft.source, draft.event_id)
        twin = self.new_events.get(key)
        if twin is not None:
            return _first_answer(draft, twin[0].body_hash, twin[0], twin[1])
        found = self.prior.events.get(key)
        if isinstance(found, PriorVoucher):
            return _first_answer(draft, found.body_hash, found.first, found.voucher)
        if isinstance(found, PriorRefusal):
            return _first_answer(draft, found.body_hash, found.first, found.refusal)
        dated, refusal = self._dated(posting)
        refusal = refusal or self._refusal_of(dated)
        if refusal is not None:
            if refusal.pinned:
                self.pinned.append((draft, refusal))
                self.new_events[key] = (draft, refusal)
            return refusal
        posted = self._book(dated)
        self.new_events[key] = (draft, posted)
        if posting.with_balances and self.state.is_centre:
            return replace(posted, floors=self.floors.balances_of(dated))
        return posted

    def _dated(self, posting: Posting) -> tuple[Draft, LedgerRefusal | None]:
        """Date a draft, and check it by itself: one that may move does not stay on a closed day."""
        draft, closed_until = posting.draft, self.state.closed_until
        if not draft.may_move or closed_until is None or draft.book_date > closed_until:
            return draft, posting.refusal
        self.relies_on_state = True  # the day may have been reopened since this revision
        moved = moved_to(draft, day_after(closed_until))
        return moved, posting.refusal if posting.check_moved is None else posting.check_moved(moved)

    def _book(self, draft: Draft) -> PostedVoucher:
        self.seq += 1
        self.hash = chain_hash(self.hash, draft, self.seq, self.recorded_at, self.state.algorithm)
        self.posted.append(ChainedDraft(draft, self.seq, self.hash))
        posted = PostedVoucher(draft.slot, self.seq, self.hash, draft.book_date, replayed=False)
        left = self.remaining.get(draft.reverses_seq or 0)
        if left is not None:
            lines = [Line(*place, *sums) for place, sums in left.items()]
            self.remaining[draft.reverses_seq or 0] = remaining([*lines, *draft.lines])
        if self.suspense:
            for key, fen in moved(draft).items():
                self.suspense[key] = self.suspense.get(key, 0) + fen
        if self.state.is_centre:
            self.floors.book(draft, self.seq)
        return posted

    def _refusal_of(self, draft: Draft) -> LedgerRefusal | None:
        """Check a draft against the books: what it reverses, closed days, its hold, floors."""
        left = self.remaining.get(draft.reverses_seq or 0)
        if left is not None:
            if is_taken_back(left):
                return AlreadyReversed(seq=draft.reverses_seq)
            if faults := excess(draft.lines, left):
                return ReversalExceeded(faults=faults, seq=draft.reverses_seq)
        closed_until = self.state.closed_until
        if closed_until is not None and draft.book_date <= closed_until:
            self.relies_on_state = True  # the day may have been reopened since this revision
            first = day_after(closed_until)
            return DayClosed(
                faults=[Fault("/book_date", DayClosed.code, closed_words(draft.book_date, first))],
                closed_until=closed_until.isoformat(),
                first_open_day=first.isoformat(),
            )
        if (refusal := suspense_refusal(draft, self.suspense)) is not None:
            return refusal
        if not self.state.is_centre:
            return None if draft.hold is None else HoldUnknown(hold=draft.hold)
        return self.floors.refusal_of(draft)


def _first_answer(
    draft: Draft, body_hash: bytes, first: Draft | None, answer: PostedVoucher | LedgerRefusal
) -> PostedVoucher | LedgerRefusal:
    """Answer a repeat as the first time; refuse other content under the same event id."""
    if body_hash != draft.body_hash and not (first and is_moved_from(first, draft)):
        return reused(differences(first, draft) if first else ["/"])
    return replace(answer, replayed=True) if isinstance(answer, PostedVoucher) else answer
