"""Balances with a floor and the holds on them, as the judging of a round changes both.

A movement is judged by every day from its own on: it may take the least of the balances of its day
and of all later days, less holds. So a floor holds on every day, also for backdated movements.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from services.ledger.common.domain.funding import funding_step
from services.ledger.common.domain.refusal import (
    EventIdReused,
    HoldExceeded,
    HoldNotDrawn,
    HoldUnknown,
    InsufficientFunds,
    LedgerRefusal,
    NotHoldable,
)
from services.ledger.posting.domain.batch import (
    EventKey,
    FlooredBalance,
    FundAccount,
    HoldState,
    HoldStates,
    PriorAnswers,
    SlotState,
)
from services.ledger.posting.domain.daily_balance import DailyBalance
from services.ledger.posting.domain.hold import (
    PAID_FROM_HOLDS,
    GroupRelease,
    Hold,
    HoldMovement,
    HoldRelease,
    MovementKind,
    hold_uuid,
)
from services.ledger.posting.domain.voucher import Draft
from shared.errors import Fault
from shared.money import format_yuan


class FloorBook:
    """Balances of the accounts with a floor, and the holds on them, as a round changes both."""

    def __init__(
        self, state: SlotState, prior: PriorAnswers, floored: frozenset[str], today: date
    ) -> None:
        """Begin with a slot's state; holds that expired before `today` are given back at once."""
        self.balances = dict(state.balances)
        self.holds = dict(state.holds)
        self.made: list[Hold] = []
        self.movements: list[HoldMovement] = []
        self.is_relied_on = False
        """True when an answer that may write nothing rests on these balances."""
        self._prior = prior
        self._floored = floored
        self._today = today
        self._own: set[FundAccount] = set()
        """Accounts whose balances were copied, so that they may be changed in place."""
        self._closed: dict[UUID, Hold] = {}
        self._new_holds: dict[EventKey, Hold] = {}
        self._new_releases: dict[EventKey, tuple[HoldMovement, ...]] = {}
        for hold in [h for h in self.holds.values() if h.expires_on and h.expires_on < today]:
            self._move(hold, MovementKind.EXPIRE, hold.remaining_fen, hold.source, hold.event_id)

    def mark(self) -> tuple[Any, ...]:
        """Remember the present state, to return to it."""
        self._own.clear()
        return (
            dict(self.balances),
            dict(self.holds),
            dict(self._closed),
            list(self.movements),
            dict(self._new_releases),
        )

    def back_to(self, mark: tuple[Any, ...]) -> None:
        """Return to a remembered state. Groups that are undone post vouchers and release holds."""
        self.balances, self.holds, self._closed, self.movements, self._new_releases = mark
        self._own.clear()

    # --- vouchers ---------------------------------------------------------------------------

    def refusal_of(self, draft: Draft) -> LedgerRefusal | None:
        """Check a voucher against its hold and the floors of its accounts."""
        hold, drawn_fen = None, 0
        if draft.hold is not None:
            hold = self.holds.get(hold_uuid(draft.hold) or UUID(int=0))
            if hold is None:
                return HoldUnknown(hold=draft.hold)
            drawn_fen = _credited(draft, hold)
            if drawn_fen <= 0 or self._pays_past(draft, hold):
                return HoldNotDrawn(hold=draft.hold)
            if drawn_fen > hold.remaining_fen:
                remaining = format_yuan(hold.remaining_fen)
                return HoldExceeded(remaining=remaining, asked=format_yuan(drawn_fen))
        return self._below_floor(draft, hold, drawn_fen)

    def _pays_past(self, draft: Draft, hold: Hold) -> bool:
        """Tell whether a payment also takes money that its hold does not set aside."""
        return draft.kind in PAID_FROM_HOLDS and any(
            line.credit_fen
            for line in draft.lines
            if line.account in self._floored
            and (line.fund, line.account) != (hold.fund, hold.account)
        )

    def _below_floor(
        self, draft: Draft, hold: Hold | None, drawn_fen: int
    ) -> InsufficientFunds | None:
        faults = []
        for (fund, account), delta_fen in self._deltas(draft).items():
            available_fen = self._available(fund, account, draft.book_date)
            if hold is not None and (hold.fund, hold.account) == (fund, account):
                available_fen += drawn_fen
            if delta_fen < 0 and available_fen + delta_fen < 0:
                message = (
                    f"{fund}/{account}: available={format_yuan(available_fen)},"
                    f" asked={format_yuan(-delta_fen)}{funding_step(account)}"
                )
                faults.append(Fault("/entries", InsufficientFunds.code, message))
        return InsufficientFunds(faults=faults) if faults else None

    def book(self, draft: Draft, seq: int) -> None:
        """Move the balances by a voucher that is posted, and draw upon its hold."""
        for key, delta_fen in self._deltas(draft).items():
            if key not in self._own:
                self._own.add(key)
                self.balances[key] = self._balance(*key).copy()
            self.balances[key].add(draft.book_date, delta_fen)
        if draft.hold is not None:
            hold = self.holds[hold_uuid(draft.hold) or UUID(int=0)]
            drawn_fen = _credited(draft, hold)
            self._move(hold, MovementKind.DRAW, drawn_fen, draft.source, draft.event_id, seq=seq)

    def balances_of(self, draft: Draft) -> tuple[FlooredBalance, ...]:
        """List the balances of the accounts with a floor that a voucher touches."""
        return tuple(
            FlooredBalance(
                fund,
                account,
                self.balances[fund, account].last_fen,
                self._held(fund, account),
            )
            for fund, account in self._deltas(draft)
        )

    def _deltas(self, draft: Draft) -> dict[FundAccount, int]:
        deltas: dict[FundAccount, int] = {}
        if self._floored.isdisjoint(draft.entries.pattern.accounts):
            return deltas
        for line in draft.lines:
            if line.account in self._floored:
                key = (line.fund, line.account)
                deltas[key] = deltas.get(key, 0) + line.debit_fen - line.credit_fen
        return deltas

    def _balance(self, fund: str, account: str) -> DailyBalance:
        return self.balances.get((fund, account)) or DailyBalance()

    def _available(self, fund: str, account: str, day: date) -> int:
        """Return what a movement of a day may take."""
        return self._balance(fund, account).least_from(day) - self._held(fund, account)

    def _held(self, fund: str, account: str) -> int:
        return sum(
            hold.remaining_fen
            for hold in self.holds.values()
            if (hold.fund, hold.account) == (fund, account)
        )

    # --- holds ------------------------------------------------------------------------------

    def hold(self, command: Hold) -> HoldState | LedgerRefusal:
        """Make a hold, or answer a repeat with the hold as it is now."""
        key = (command.source, command.event_id)
        first = self._prior.holds.get(key) or self._new_holds.get(key)
        if first is not None:
            if first.body_hash != command.body_hash:
                return reused(first.differences(command))
            now = self.holds.get(first.id) or self._closed.get(first.id) or first
            return HoldState(now, replayed=True)
        self.is_relied_on = True
        if command.account not in self._floored:
            return NotHoldable(account=command.account)
        available_fen = self._available(command.fund, command.account, self._today)
        if available_fen < command.amount_fen:
            # Not pinned: the payer commands again by the same id when money has come in.
            return InsufficientFunds(
                fund=command.fund,
                account=command.account,
                available=format_yuan(available_fen),
                asked=format_yuan(command.amount_fen),
                remedy=funding_step(command.account).removeprefix(" · "),
            )
        self.holds[command.id] = command
        self.made.append(command)
        self._new_holds[key] = command
        return HoldState(command, replayed=False)

    def release(self, command: HoldRelease) -> HoldState | LedgerRefusal:
        """Release a hold, wholly or in part."""
        key = (command.source, command.event_id)
        hold = (
            self.holds.get(command.hold_id)
            or self._closed.get(command.hold_id)
            or self._prior.holds_by_id.get(command.hold_id)
        )
        first = self._prior.releases.get(key) or self._new_releases.get(key)
        if first is not None:
            if [one.hold_id for one in first] != [command.hold_id]:
                return reused(["/hold"])
            if first[0].asked_fen != command.amount_fen:
                return reused(["/amount"])
            assert hold is not None
            return HoldState(hold, replayed=True)
        self.is_relied_on = True
        if hold is None:
            return HoldUnknown()
        amount_fen = hold.remaining_fen if command.amount_fen is None else command.amount_fen
        if amount_fen > hold.remaining_fen:
            return HoldExceeded(
                remaining=format_yuan(hold.remaining_fen), asked=format_yuan(amount_fen)
            )
        if amount_fen == 0:
            return HoldState(hold, replayed=False)  # all that remains is nothing: nothing to write
        moved = self._move(
            hold, MovementKind.RELEASE, amount_fen, *key, asked_fen=command.amount_fen
        )
        self._new_releases[key] = (self.movements[-1],)
        return HoldState(moved, replayed=False)

    def release_all(self, command: GroupRelease) -> HoldStates | LedgerRefusal:
        """Release all that remains of many holds; all of them or none."""
        key = (command.source, command.event_id)
        found = [
            self.holds.get(id) or self._closed.get(id) or self._prior.holds_by_id.get(id)
            for id in command.hold_ids
        ]
        holds = tuple(hold for hold in found if hold is not None)
        first = self._prior.releases.get(key) or self._new_releases.get(key)
        if first is not None:
            # What had nothing left then has nothing left now, and left no movement behind.
            missing = {one.hold_id for one in first} - set(command.hold_ids)
            if missing or len(holds) < len(found) or any(hold.remaining_fen for hold in holds):
                return reused(["/holds"])
            return HoldStates(holds, replayed=True)
        self.is_relied_on = True
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
            self._new_releases[key] = tuple(self.movements[already:])
        return HoldStates(moved, replayed=False)

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
            HoldMovement(
                hold_id=hold.id,
                kind=kind,
                amount_fen=amount_fen,
                remaining_fen=moved.remaining_fen,
                source=source,
                event_id=event_id,
                seq=seq,
                asked_fen=asked_fen,
            )
        )
        if moved.remaining_fen:
            self.holds[hold.id] = moved
        else:
            self.holds.pop(hold.id, None)
            self._closed[hold.id] = moved
        return moved


def _credited(draft: Draft, hold: Hold) -> int:
    return sum(
        line.credit_fen
        for line in draft.lines
        if (line.fund, line.account) == (hold.fund, hold.account)
    )


def reused(pointers: list[str]) -> EventIdReused:
    """Refuse an event id that was used for other content; name the differing members."""
    message = "与首次提交的内容不同 (differs from what was first sent)"
    return EventIdReused(
        faults=[Fault(pointer, "DIFFERS", message) for pointer in pointers],
        fields=" ".join(pointers),
    )
