"""The balance of one account by day, and what may be taken from it on a day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date


class DailyBalance:
    """The balance of an account at the end of every day with postings.

    A posting changes the balances of its own day and of all later days. Most postings are of the
    last day, so this costs next to nothing.
    """

    __slots__ = ("_balances_fen", "_days")

    def __init__(self, steps: Iterable[tuple[date, int]] = ()) -> None:
        """Begin with the changes of some days: (day, debits minus credits), each day once."""
        self._days: list[date] = []
        self._balances_fen: list[int] = []
        balance_fen = 0
        for day, change_fen in sorted(steps):
            balance_fen += change_fen
            self._days.append(day)
            self._balances_fen.append(balance_fen)

    @property
    def last_fen(self) -> int:
        """Return the balance after everything that is posted."""
        return self._balances_fen[-1] if self._balances_fen else 0

    def least_from(self, day: date) -> int:
        """Return the least of the balances at the end of a day and of all later days.

        This is the most that a movement of that day may take.
        """
        at = bisect_right(self._days, day)
        on_day_fen = self._balances_fen[at - 1] if at else 0
        return min(on_day_fen, min(self._balances_fen[at:], default=on_day_fen))

    def add(self, day: date, change_fen: int) -> None:
        """Post a change (debits minus credits) on a day."""
        at = bisect_left(self._days, day)
        if at == len(self._days) or self._days[at] != day:
            self._days.insert(at, day)
            self._balances_fen.insert(at, self._balances_fen[at - 1] if at else 0)
        for later in range(at, len(self._days)):
            self._balances_fen[later] += change_fen

    def copy(self) -> DailyBalance:
        """Return a copy that changes independently."""
        copied = DailyBalance()
        copied._days = list(self._days)
        copied._balances_fen = list(self._balances_fen)
        return copied
