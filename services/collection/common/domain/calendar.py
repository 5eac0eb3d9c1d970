"""Days on which money is due: workdays are known from a table, or estimated and said to be so."""

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
    """A due day, and whether the workday table did not cover it."""

    day: date
    estimated: bool


def nominal_due_day(period: Period, due_day: int) -> date:
    """The due day of a period before it is moved: that day of the following month."""
    return period.plus(1).day(due_day)


def due_day(period: Period, number: int, workdays: Mapping[date, bool]) -> DueDay:
    """The day a period's bill is due: the nominal day, or the first workday after it.

    `workdays` says for the days it knows whether people work; of other days Monday to Friday are
    taken to be workdays, and the answer is marked as an estimate.
    """
    first = nominal_due_day(period, number)
    estimated = False
    for later in range(SEARCH_DAYS):
        day = first + timedelta(later)
        estimated = estimated or day not in workdays
        if workdays.get(day, day.weekday() < 5):
            return DueDay(day, estimated)
    raise AssertionError("a month without a workday")
