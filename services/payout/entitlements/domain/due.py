"""The amount that is due of a person's month (应发金额): the rule of pension runs, for one person.

It looks at the months of the facts and never at when they became known, so facts may become known
in any order. `entitlements/store/due.py` has the same rule in SQL, for all people of a district.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.period import Period


@dataclass(frozen=True, slots=True)
class MonthlyAmount:
    """An amount from a month on, paid by a district. None: moved there with the amount of before."""

    since: Period
    fen: int | None
    district: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Months that are not due: a suspension, or what follows an end. None: nobody knows until when.

    A stop with `until` equal to `since` has no month: it was lifted with back-pay.
    """

    since: Period
    until: Period | None = None

    def covers(self, month: Period) -> bool:
        """Tell whether a month lies in it."""
        return self.since <= month and (self.until is None or month < self.until)


def in_force(month: Period, amounts: Iterable[MonthlyAmount]) -> MonthlyAmount | None:
    """Find the amount in force in a month: the one that began last."""
    begun = [amount for amount in amounts if amount.since <= month]
    return max(begun, key=lambda amount: amount.since, default=None)


def due_fen(month: Period, amounts: Iterable[MonthlyAmount], stops: Iterable[Stop]) -> int:
    """Compute what is due of a month."""
    own = in_force(month, (amount for amount in amounts if amount.fen is not None))
    if own is None or own.fen is None or any(stop.covers(month) for stop in stops):
        return 0
    return own.fen
