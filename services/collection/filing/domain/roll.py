"""Months without changes (无变化不申报): last month's people and wages, carried on unit by unit.

Within a year only changes need be declared. A unit with the same people, or fewer, declares nothing
and is levied all the same; a unit that somebody joined has to declare the wage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.membership import memberships
from services.collection.filing.domain.month import (
    DeclaredMonth,
    Schedules,
    line_numbers,
    starts_of,
)
from services.collection.levy.domain.people_categories import KnownCategories
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from services.collection.register.domain.unit import Unit
from shared.errors import Refusal
from shared.period import Period


@dataclass(frozen=True, slots=True)
class LastDeclaration:
    """The valid declaration of a unit's last month."""

    unit_id: int
    credit_code: str
    id: UUID
    round: int
    kind: str
    policy_id: UUID
    unit_wage_total_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousMonth:
    """Last month's declarations of some units: people in columns, unit by unit in key order.

    `own_fen` has a column for each insurance, ABSENT where the wage counts; `figures` a column for
    each name; `age` the full years in the new period, where the policy needs them. Units in
    `by_default` were levied by default, without a list of people.
    """

    units: Mapping[int, Unit]
    by_default: frozenset[int]
    wage_total_fen: Mapping[int, int | None]
    unit_figures: Mapping[int, Mapping[str, int]]
    unit_id: Ints
    person_id: Ints
    wage_fen: Ints
    own_fen: Mapping[str, Ints]
    figures: Mapping[str, Ints]
    age: Ints
    categories: KnownCategories = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SkippedUnit:
    """A unit that cannot be carried on, with the reason."""

    credit_code: str
    code: str
    message: str


CARRIED: Final = frozenset({Figure.LAST_YEAR, Figure.ARCHIVE})
"""Figures of a person that stay the same within a year; last month's wage does not."""
AGE: Final = "age"
UNIT_CARRIED: Final = frozenset({UnitFigure.LAST_YEAR})
"""Figures of a unit that stay the same within a year."""
REASONS = {
    "PEOPLE_JOINED": "有新参保人员,须申报变更 (somebody joined: declare the change)",
    "NOBODY_LEFT": "无参保人员,须零申报 (nobody is enrolled: declare nil)",
    "LAST_MONTH_DEFAULT": "上月未申报、按上月缴费额核定,须申报"
    " (last month was levied by default: declare)",
    "FIGURES_NEEDED": "本政策须申报工资以外的数据 (the policy needs figures that cannot be carried on)",
}


def begins_a_year(period: Period, first_month: int) -> bool:
    """Tell whether a period begins a declaration year, in which everybody is declared anew."""
    return period.month == first_month


def carried_on(
    last: PreviousMonth, enrolled_unit: Ints, enrolled_person: Ints, schedules: Schedules
) -> tuple[DeclaredMonth, list[SkippedUnit]]:
    """Build the month of the units that can be carried on, and list those that cannot."""
    stays, _ = memberships(last.unit_id, last.person_id, enrolled_unit, enrolled_person)
    known, _ = memberships(enrolled_unit, enrolled_person, last.unit_id, last.person_id)
    comparison = _Comparison(
        joined=frozenset(np.unique(enrolled_unit[~known]).tolist()),
        staying=frozenset(np.unique(last.unit_id[stays]).tolist()),
        lacking=_lacking(last, stays),
    )
    kinds: dict[int, set[tuple[str, str | None]]] = defaultdict(set)
    for (unit_id, _), kind in last.categories.items():
        kinds[unit_id].add(kind)
    skipped = []
    for unit in last.units.values():
        code = _obstacle(unit, last, comparison, schedules) or _category_obstacle(
            schedules.of(unit), kinds.get(unit.id, ())
        )
        if code is not None:
            skipped.append(SkippedUnit(unit.credit_code, code, REASONS.get(code, code)))
    codes = {unit.credit_code for unit in skipped}
    ids = sorted(uid for uid, unit in last.units.items() if unit.credit_code not in codes)
    return _month(last, stays, np.array(ids, np.int64)), skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """Last month against the register: units that somebody joined, units in which somebody stays,
    and, by figure, units in which somebody who stays lacks it."""

    joined: frozenset[int]
    staying: frozenset[int]
    lacking: Mapping[str, frozenset[int]]


def _obstacle(
    unit: Unit, last: PreviousMonth, comparison: _Comparison, schedules: Schedules
) -> str | None:
    """Return the code of the reason why a unit cannot be carried on."""
    unit_id = unit.id
    if unit_id in last.by_default:
        return "LAST_MONTH_DEFAULT"
    if unit_id in comparison.joined:
        return "PEOPLE_JOINED"
    if unit_id not in comparison.staying:
        return "NOBODY_LEFT"
    schedule = schedules.of(unit)
    if isinstance(schedule, Refusal):
        return schedule.code
    if not _figures_known(last, unit_id, schedule, comparison.lacking):
        return "FIGURES_NEEDED"
    if schedule.needs_wage_total and last.wage_total_fen[unit_id] is None:
        return "FIGURES_NEEDED"
    return None


def _lacking(last: PreviousMonth, stays: NDArray[np.bool_]) -> dict[str, frozenset[int]]:
    """Find, for each figure and for the age, the units in which somebody who stays lacks it."""
    columns = {**last.figures, AGE: last.age}
    return {
        name: frozenset(np.unique(last.unit_id[stays & (column == ABSENT)]).tolist())
        for name, column in columns.items()
    }


def _figures_known(
    last: PreviousMonth, unit_id: int, schedule: Schedule, lacking: Mapping[str, frozenset[int]]
) -> bool:
    """Tell whether last month has every figure that the schedule needs."""
    if not CARRIED.issuperset(schedule.figures):
        return False
    if not UNIT_CARRIED.issuperset(schedule.unit_figures):
        return False
    if not last.unit_figures.get(unit_id, {}).keys() >= set(schedule.unit_figures):
        return False
    needed = [*schedule.figures, *([AGE] if schedule.needs_age else [])]
    return all(name in lacking and unit_id not in lacking[name] for name in needed)


def _category_obstacle(
    schedule: Schedule | Refusal, kinds: Iterable[tuple[str, str | None]]
) -> str | None:
    """Return the code of the reason why a category of the unit's people cannot be levied."""
    assert isinstance(schedule, Schedule), "units without a schedule were skipped before"
    refusals = (schedule.refusal(*kind) for kind in kinds)
    return next((refusal.code for refusal in refusals if refusal is not None), None)


def _figures_of_unit(last: PreviousMonth, unit_id: int) -> dict[str, int]:
    given = last.unit_figures.get(unit_id, {})
    return {name: fen for name, fen in given.items() if name in UNIT_CARRIED}


def _month(last: PreviousMonth, stays: NDArray[np.bool_], ids: Ints) -> DeclaredMonth:
    """Put the people who stay at these units into columns."""
    rows = np.flatnonzero(stays & np.isin(last.unit_id, ids))
    place = np.searchsorted(ids, last.unit_id[rows])
    people = np.bincount(place, minlength=len(ids)).astype(np.int64)
    return DeclaredMonth(
        units=tuple(last.units[unit_id] for unit_id in ids.tolist()),
        wage_totals_fen=tuple(last.wage_total_fen[unit_id] for unit_id in ids.tolist()),
        unit_figures=tuple(_figures_of_unit(last, unit_id) for unit_id in ids.tolist()),
        starts=starts_of(people),
        people=people,
        line_no=line_numbers(people),
        age=last.age[rows],
        person_id=last.person_id[rows],
        wage_fen=last.wage_fen[rows],
        own_fen={
            name: column[rows]
            for name, column in last.own_fen.items()
            if bool((column[rows] != ABSENT).any())
        },
        figures={name: last.figures[name][rows] for name in last.figures if name in CARRIED},
        file_row=rows,
        categories=last.categories,
    )
