"""Due days: workdays come from a table; days outside it are estimated and marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared.period import Period

SEARCH_DAYS: Final = 31
"""No run of days off is longer; the table is read this far."""


@dataclass(frozen=True, slots=True)
class DueDay:
    """A due day, and whether it is an estimate because the workday table did not cover it."""

    day: date
    estimated: bool


def nominal_due_day(period: Period, due_day: int) -> date:
    """Return a period's due day before it is moved: that day of the following month."""
    return period.plus(1).day(due_day)


def due_day(period: Period, number: int, workdays: Mapping[date, bool]) -> DueDay:
    """Return the due day of a period's bill: the nominal day, or the first workday after it.

    `workdays` covers the days it knows. For other days Monday to Friday count as workdays, and the
    result is marked as an estimate.
    """
    first = nominal_due_day(period, number)
    estimated = False
    for later in range(SEARCH_DAYS):
        day = first + timedelta(later)
        estimated = estimated or day not in workdays
        if workdays.get(day, day.weekday() < 5):
            return DueDay(day, estimated)
    raise AssertionError("a month without a workday")


def settled_due_day(known: date, printed: date) -> date:
    """Return the due day of a bill that was issued with a provisional one, once the day is known.

    It is never earlier than the printed day: who pays by the day on the bill is not late.
    """
    return max(known, printed)
