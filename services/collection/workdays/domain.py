"""Workdays of a year (工作日): the notice's days off and its weekend days that are worked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from shared.errors import Fault
from shared.ids import key_of

RUN_MAX: Final = 15
"""Days without a workday in a row. Two such runs that meet at New Year are shorter than the days
that a due day is moved at most."""
_SATURDAY: Final = 5
_DAY: Final = timedelta(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkdayYear:
    """A year's exceptions to Monday to Friday, and the notice (放假安排通知) that makes them."""

    year: int
    days_off: Sequence[date]
    workdays: Sequence[date]
    source: str
    reason: str = ""
    set_by: str = ""
    set_at: datetime | None = None


def year_key(year: int) -> int:
    """Compute the shard key of the papers about a year's workdays."""
    return key_of("workday_year", str(year))


@dataclass(frozen=True, slots=True)
class CalendarDifference:
    """The days that a change of a year turns into days off, and those that it turns into workdays."""

    to_off: Sequence[date]
    to_workday: Sequence[date]


def difference(days: WorkdayYear, present: WorkdayYear | None) -> CalendarDifference:
    """Compare a year's days with those known now; a year that nobody has entered is as its weekdays."""
    off, worked = _exceptions(days)
    off_now, worked_now = _exceptions(present) if present else (set(), set())
    return CalendarDifference(
        to_off=sorted((off - off_now) | (worked_now - worked)),
        to_workday=sorted((worked - worked_now) | (off_now - off)),
    )


def _exceptions(days: WorkdayYear) -> tuple[set[date], set[date]]:
    """Return the weekdays off and the weekend days worked; a weekend in a holiday is neither."""
    return {day for day in days.days_off if not _is_weekend(day)}, set(days.workdays)


def faults_of(days: WorkdayYear, present: WorkdayYear | None) -> Iterator[Fault]:
    """Find the faults of a year's days.

    Args:
        days: as they shall become.
        present: as they are now; None: nobody has entered the year.
    """
    for name, listed in (("days_off", days.days_off), ("workdays", days.workdays)):
        yield from _outside(days.year, name, listed)
        yield from _twice(name, listed)
    yield from _workday_already(days.workdays)
    yield from _both(days)
    yield from _without_workday(days)
    if present and _exceptions(days) == _exceptions(present) and days.source == present.source:
        yield Fault("/", "NOTHING_TO_CORRECT", "与现行安排相同 (it is so already)")


def _outside(year: int, name: str, listed: Sequence[date]) -> Iterator[Fault]:
    for number, day in enumerate(listed):
        if day.year != year:
            message = f"不在 {year} 年内 (not in {year}): {day}"
            yield Fault(f"/{name}/{number}", "DAY_OUTSIDE_YEAR", message)


def _twice(name: str, listed: Sequence[date]) -> Iterator[Fault]:
    seen: set[date] = set()
    for number, day in enumerate(listed):
        if day in seen:
            yield Fault(f"/{name}/{number}", "DAY_TWICE", f"同一日出现两次 (twice): {day}")
        seen.add(day)


def _workday_already(worked: Sequence[date]) -> Iterator[Fault]:
    for number, day in enumerate(worked):
        if not _is_weekend(day):
            message = f"周一至周五无须调休上班 (Monday to Friday are workdays): {day}"
            yield Fault(f"/workdays/{number}", "WORKDAY_ALREADY", message)


def _both(days: WorkdayYear) -> Iterator[Fault]:
    off = set(days.days_off)
    for number, day in enumerate(days.workdays):
        if day in off:
            message = f"同一日既放假又上班 (both off and worked): {day}"
            yield Fault(f"/workdays/{number}", "DAY_OFF_AND_WORKED", message)


def _without_workday(days: WorkdayYear) -> Iterator[Fault]:
    off, worked = set(days.days_off), set(days.workdays)
    run, day = 0, date(days.year, 1, 1)
    while day.year == days.year:
        is_worked = day in worked or (day not in off and not _is_weekend(day))
        run = 0 if is_worked else run + 1
        if run == RUN_MAX + 1:
            message = f"连续休息超过 {RUN_MAX} 日 (more than {RUN_MAX} days off in a row): {day}"
            yield Fault("/days_off", "DAYS_OFF_TOO_LONG", message)
        day += _DAY


def _is_weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY
