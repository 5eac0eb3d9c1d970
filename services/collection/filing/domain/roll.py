"""A month without changes (无变化不申报): last month's people and wages, carried on unit by unit.

Within a year only changes need be declared. A unit whose people are still the same, or of whom some
have left, declares nothing and is levied all the same; one whom somebody joined has to say the wage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.check import Schedules, Taken, memberships
from services.collection.levy.domain.people_categories import KnownCategories
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from services.collection.register.domain.unit import Unit
from shared.errors import Refusal
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMonth:
    """What units declared last: people unit by unit in the order of keys, as columns.

    `own_fen` holds by insurance what was asked for it, ABSENT where the wage stands for it;
    `figures` by name what was said beside the wage, and `age` the full years in the period, where the
    policy asks for them. Of units in `by_default` nobody was declared.
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
    standings: KnownCategories = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A unit that cannot be carried on, and why."""

    credit_code: str
    code: str
    message: str


CARRIED: Final = frozenset({Figure.LAST_YEAR, Figure.ARCHIVE})
"""Figures of a person that stay the same within a year; last month's wage does not."""
AGE: Final = "age"
UNIT_CARRIED: Final = frozenset({UnitFigure.LAST_YEAR})
REASONS = {
    "PEOPLE_JOINED": "有新参保人员,须申报变更 (somebody joined: declare the change)",
    "NOBODY_LEFT": "无参保人员,须零申报 (nobody is enrolled: declare nil)",
    "LAST_MONTH_DEFAULT": "上月未申报、按上月缴费额核定,须申报 (last month was a default: declare)",
    "FIGURES_NEEDED": "本政策须申报工资以外的数据 (the policy asks for more than can be carried on)",
}


def begins_a_year(period: Period, first_month: int) -> bool:
    """Whether a period is the first of a declaration year, in which everything is declared anew."""
    return period.month == first_month


def carried_on(
    last: LastMonth, enrolled_unit: Ints, enrolled_person: Ints, schedules: Schedules
) -> tuple[Taken, list[LeftOut]]:
    """What may be declared in the units' stead, and who is left out."""
    stays, _ = memberships(last.unit_id, last.person_id, enrolled_unit, enrolled_person)
    known, _ = memberships(enrolled_unit, enrolled_person, last.unit_id, last.person_id)
    seen = _Seen(
        joined=frozenset(np.unique(enrolled_unit[~known]).tolist()),
        staying=frozenset(np.unique(last.unit_id[stays]).tolist()),
        lacking=_lacking(last, stays),
    )
    kinds: dict[int, set[tuple[str, str | None]]] = defaultdict(set)
    for (unit_id, _), standing in last.standings.items():
        kinds[unit_id].add(standing)
    left_out = []
    for unit in last.units.values():
        code = _why_not(unit, last, seen, schedules) or _not_levied(
            schedules.of(unit), kinds.get(unit.id, ())
        )
        if code is not None:
            left_out.append(LeftOut(unit.credit_code, code, REASONS.get(code, code)))
    out = {left.credit_code for left in left_out}
    ids = sorted(uid for uid, unit in last.units.items() if unit.credit_code not in out)
    return _taken(last, stays, np.array(ids, np.int64)), left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Units that somebody joined, in which somebody stays, in which somebody lacks a figure."""

    joined: frozenset[int]
    staying: frozenset[int]
    lacking: Mapping[str, frozenset[int]]


def _why_not(unit: Unit, last: LastMonth, seen: _Seen, schedules: Schedules) -> str | None:
    unit_id = unit.id
    if unit_id in last.by_default:
        return "LAST_MONTH_DEFAULT"
    if unit_id in seen.joined:
        return "PEOPLE_JOINED"
    if unit_id not in seen.staying:
        return "NOBODY_LEFT"
    schedule = schedules.of(unit)
    if isinstance(schedule, Refusal):
        return schedule.code
    if not _figures_known(last, unit_id, schedule, seen.lacking):
        return "FIGURES_NEEDED"
    if schedule.needs_wage_total and last.wage_total_fen[unit_id] is None:
        return "FIGURES_NEEDED"
    return None


def _lacking(last: LastMonth, stays: NDArray[np.bool_]) -> dict[str, frozenset[int]]:
    """The units of which somebody who stays lacks a figure, by figure, or the age."""
    columns = {**last.figures, AGE: last.age}
    return {
        name: frozenset(np.unique(last.unit_id[stays & (column == ABSENT)]).tolist())
        for name, column in columns.items()
    }


def _figures_known(
    last: LastMonth, unit_id: int, schedule: Schedule, lacking: Mapping[str, frozenset[int]]
) -> bool:
    """Whether last month says all that the policy asks for beside the wage."""
    if not CARRIED.issuperset(schedule.figures) or not UNIT_CARRIED.issuperset(
        schedule.unit_figures
    ):
        return False
    if not last.unit_figures.get(unit_id, {}).keys() >= set(schedule.unit_figures):
        return False
    needed = [*schedule.figures, *([AGE] if schedule.needs_age else [])]
    return all(name in lacking and unit_id not in lacking[name] for name in needed)


def _not_levied(
    schedule: Schedule | Refusal, kinds: Iterable[tuple[str, str | None]]
) -> str | None:
    """Why somebody of a unit who is no employee cannot be levied."""
    assert isinstance(schedule, Schedule), "a unit without a schedule is left out before"
    found = (schedule.refusal(*standing) for standing in kinds)
    return next((refusal.code for refusal in found if refusal is not None), None)


def _carried_of_unit(last: LastMonth, unit_id: int) -> dict[str, int]:
    given = last.unit_figures.get(unit_id, {})
    return {name: fen for name, fen in given.items() if name in UNIT_CARRIED}


def _taken(last: LastMonth, stays: NDArray[np.bool_], ids: Ints) -> Taken:
    rows = np.flatnonzero(stays & np.isin(last.unit_id, ids))
    place = np.searchsorted(ids, last.unit_id[rows])
    people = np.bincount(place, minlength=len(ids)).astype(np.int64)
    starts = np.cumsum(people) - people
    return Taken(
        units=tuple(last.units[unit_id] for unit_id in ids.tolist()),
        wage_totals_fen=tuple(last.wage_total_fen[unit_id] for unit_id in ids.tolist()),
        unit_figures=tuple(_carried_of_unit(last, unit_id) for unit_id in ids.tolist()),
        starts=starts,
        people=people,
        line_no=np.arange(len(rows), dtype=np.int64) - np.repeat(starts, people) + 1,
        age=last.age[rows],
        person_id=last.person_id[rows],
        wage_fen=last.wage_fen[rows],
        own_fen={
            name: column[rows]
            for name, column in last.own_fen.items()
            if bool((column[rows] != ABSENT).any())
        },
        figures={name: last.figures[name][rows] for name in last.figures if name in CARRIED},
        row=rows,
        standings=last.standings,
    )
