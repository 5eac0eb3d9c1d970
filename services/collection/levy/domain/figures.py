"""Figures and ages in a declaration file that some policies need besides the wages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.policy.domain.crediting import age_on
from services.collection.policy.domain.policy import Schedule
from shared.cn.identity_number import birth_date
from shared.period import Period

Mask = NDArray[np.bool_]
UnitSchedules = Sequence[Schedule | None]
"""The schedule of each unit of a file, None where it has none."""


def age_of(number: str, period: Period) -> int | None:
    """Return the age of an identity number's holder on the first day of a period."""
    birth = birth_date(number)
    return None if birth is None else max(0, age_on(birth, period.first_day))


def ages(number: NDArray[np.bytes_], needed: Mask, period: Period) -> Ints:
    """Return the ages of the people who need one; ABSENT for others, and for numbers without a
    birth date."""
    found = np.full(len(number), ABSENT, np.int64)
    for place in np.flatnonzero(needed).tolist():
        age = age_of(number[place].decode(), period)
        found[place] = ABSENT if age is None else age
    return found


def one_a_unit(unit: Ints, values: Ints, count: int) -> tuple[Ints, Mask]:
    """Return the value that each unit's rows give (ABSENT: none), and a mask of units whose rows
    differ."""
    highest = np.full(count, ABSENT, np.int64)
    np.maximum.at(highest, unit, values)
    given = values != ABSENT
    differs = np.zeros(count, bool)
    differs[unit[given & (values != highest[unit])]] = True
    return highest, differs


def missing(
    schedules: UnitSchedules, unit: Ints, figures: Mapping[str, Ints], left: Mask
) -> Iterator[tuple[int, str]]:
    """Find every (position, figure) that is needed but not given, among the rows `left`."""
    by_schedule = {id(s): frozenset(s.figures) for s in _distinct(schedules)}
    for name in sorted(frozenset[str]().union(*by_schedule.values())):
        needs = np.array([s is not None and name in by_schedule[id(s)] for s in schedules], bool)
        column = figures.get(name)
        lacks = np.ones(len(unit), bool) if column is None else column == ABSENT
        for place in np.flatnonzero(left & needs[unit] & lacks).tolist():
            yield place, name


def needs_age(schedules: UnitSchedules) -> Mask:
    """Mask the units whose policies divide a share by age."""
    needing = {id(schedule) for schedule in _distinct(schedules) if schedule.needs_age}
    return np.array([id(schedule) in needing for schedule in schedules], bool)


def _distinct(schedules: UnitSchedules) -> list[Schedule]:
    """Return each schedule once, so that its needs are worked out only once."""
    return list({id(schedule): schedule for schedule in schedules if schedule is not None}.values())
