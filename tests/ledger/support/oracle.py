"""The ledger's rules once more, in a hundred lines of plain Python, to compare the real one with.

It knows nothing of slots, batches, chains or SQL: events in, "posted", "replayed" or a code out,
and the balances that follow.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

FLOORED = ("expenditure_deposit", "fiscal_deposit")
Place = tuple[str, str, str]
"""(fund, account, district)."""
Move = tuple[str, str, str, str, int]
"""(fund, debit, credit, district, fen)."""


@dataclass
class Oracle:
    """The expected books."""

    balances: Counter[Place] = field(default_factory=Counter)
    holds: dict[str, list[Any]] = field(default_factory=dict)
    """Event → [fund, asked fen, remaining fen]."""
    answers: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """Event → (content, answer)."""
    moves: dict[str, list[Move]] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    """Posted event → its day, counted from an eve (0)."""
    taken_back: Counter[str] = field(default_factory=Counter)
    """Posted event → fen of it that were reversed."""
    closed_until: int = -1
    """The last closed day."""
    changes: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    """(day, fund, account) → debits minus credits."""

    def total(self, fund: str, account: str) -> int:
        return sum(fen for (f, a, _), fen in self.balances.items() if (f, a) == (fund, account))

    def held(self, fund: str) -> int:
        return sum(left for f, _, left in self.holds.values() if f == fund)

    def available(self, fund: str, account: str, day: int) -> int:
        """The least of the balances of a day and of all later days, less holds."""
        mine = {d: fen for (d, f, a), fen in self.changes.items() if (f, a) == (fund, account)}
        ends = {day, *(d for d in mine if d > day)}
        least = min(sum(fen for d, fen in mine.items() if d <= end) for end in ends)
        return least - (self.held(fund) if account == "expenditure_deposit" else 0)

    def post(self, event: str, moves: list[Move], hold: str | None = None, day: int = 1) -> str:
        if event in self.answers:
            content, answer = self.answers[event]
            if content != (moves, hold, day):
                return "EVENT_ID_REUSED"
            return "replayed" if answer == "posted" else answer
        if hold is None and any(move[2] == "expenditure_deposit" for move in moves):
            return "HOLD_EXPECTED"
        if day <= self.closed_until:
            return "DAY_CLOSED"  # not pinned: the day may be opened again
        answer = self._fits(moves, hold, day)
        self.answers[event] = ((moves, hold, day), answer)
        if answer == "posted":
            self._move(moves, 1, day)
            self.moves[event], self.days[event] = moves, day
            if hold is not None:
                self.holds[hold][2] -= sum(move[4] for move in moves)
        return answer

    def _fits(self, moves: list[Move], hold: str | None, day: int) -> str:
        drawn = 0
        if hold is not None:
            drawn = sum(move[4] for move in moves)
            if not self.holds[hold][2]:
                return "HOLD_UNKNOWN"
            if drawn > self.holds[hold][2]:
                return "HOLD_EXCEEDED"
        return self._floors(moves, 1, day, drawn)

    def _floors(self, moves: list[Move], sign: int, day: int, drawn: int = 0) -> str:
        change: Counter[tuple[str, str]] = Counter()
        for fund, debit, credit, _, fen in moves:
            change[fund, debit] += sign * fen
            change[fund, credit] -= sign * fen
        for (fund, account), fen in change.items():
            free = self.available(fund, account, day)
            free += drawn if account == "expenditure_deposit" else 0
            if account in FLOORED and fen < 0 and free + fen < 0:
                return "INSUFFICIENT_FUNDS"
        return "posted"

    def post_all(self, wanted: list[tuple[str, list[Move]]]) -> list[str]:
        """All or none."""
        kept = Counter(self.balances), Counter(self.changes), dict(self.answers), dict(self.moves)
        answers = [self.post(event, moves) for event, moves in wanted]
        if all(answer in {"posted", "replayed"} for answer in answers):
            return answers
        self.balances, self.changes, self.answers, self.moves = kept
        return ["ATOMIC_BATCH_REFUSED" if answer == "posted" else answer for answer in answers]

    def reverse(self, event: str, original: str, day: int, fen: int | None) -> str:
        """Take back a part, or (None) what remains."""
        if event in self.answers:
            return "replayed" if self.answers[event][1] == "posted" else self.answers[event][1]
        left = self.left(original)
        if left and (fen or 0) > left:
            return "REVERSAL_EXCEEDED"
        part = [(*move[:4], fen or left) for move in self.moves[original]]
        answer = self._floors(part, -1, day) if left else "ALREADY_REVERSED"
        if left and day <= self.closed_until:
            return "DAY_CLOSED"
        self.answers[event] = (original, answer)
        if answer == "posted":
            self._move(part, -1, day)
            self.taken_back[original] += fen or left
        return answer

    def left(self, original: str) -> int:
        """Fen of a one-move voucher that have not been taken back."""
        return self.moves[original][0][4] - self.taken_back[original]

    def hold(self, event: str, fund: str, fen: int) -> str:
        if event in self.holds:
            return "replayed" if self.holds[event][:2] == [fund, fen] else "EVENT_ID_REUSED"
        if self.available(fund, "expenditure_deposit", 1) < fen:
            return "INSUFFICIENT_FUNDS"  # not pinned: it may be asked again
        self.holds[event] = [fund, fen, fen]
        return "posted"

    def release(self, hold: str, fen: int | None) -> str:
        fen = self.holds[hold][2] if fen is None else fen
        if fen > self.holds[hold][2]:
            return "HOLD_EXCEEDED"
        self.holds[hold][2] -= fen
        return "posted"

    def release_all(self, holds: list[str]) -> bool:
        """Give back all that remains of some holds; whether that was anything."""
        left = [self.holds[hold] for hold in holds if self.holds[hold][2]]
        for hold in left:
            hold[2] = 0
        return bool(left)

    def sweep(self) -> dict[str, int] | str:
        """Bring the income account to zero in every fund; return what moved per fund, or a code."""
        places = {
            place: fen for place, fen in self.balances.items() if place[1] == "income_deposit"
        }
        moved: Counter[str] = Counter()
        for (fund, _, _), fen in places.items():
            moved[fund] += fen
        if not any(places.values()):
            return "NOTHING_TO_MOVE"
        if moved.total() < 0:
            return "SWEEP_BACK_NEEDED"
        if any(
            fen < 0 and self.available(fund, "fiscal_deposit", 1) < -fen
            for fund, fen in moved.items()
        ):
            return "INSUFFICIENT_FUNDS"
        for fund, fen in moved.items():
            self.balances[fund, "fiscal_deposit", "centre"] += fen
            self.changes[1, fund, "fiscal_deposit"] += fen
            self.changes[1, fund, "income_deposit"] -= fen
        for place in places:
            self.balances[place] = 0
        return {fund: fen for fund, fen in sorted(moved.items()) if fen}

    def _move(self, moves: list[Move], sign: int, day: int) -> None:
        for fund, debit, credit, district, fen in moves:
            self.changes[day, fund, debit] += sign * fen
            self.changes[day, fund, credit] -= sign * fen
            self.balances[fund, debit, district] += sign * fen
            self.balances[fund, credit, district] -= sign * fen
