"""A month that units declare, in columns: one row for each person, unit by unit.

Every way to hand in a month (one declaration, a file, last month carried on, a correction) ends in
this shape, and is levied and stored from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.levy.domain.columns import PeopleFigures
from services.collection.levy.domain.levy import UnitFacts
from services.collection.levy.domain.people_categories import KnownCategories, PeopleCategories
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.register.domain.unit import Facts, Unit, facts_levied_by, schedule_of
from shared.errors import Refusal
from shared.period import Period

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredMonth:
    """The units and people of one period that will be levied and stored.

    Columns of units: `units`, in the order of their keys; `starts`, the first row of each;
    `people`, how many rows each has; and `frozen_base_fen`, the reviewed unit bases (empty: none).
    Columns of people: `line_no` within the unit; `own_fen`, the wages that differ for an insurance;
    `figures` and `age`, which only some policies need. ABSENT (-1) marks an empty cell.
    `file_row` is the row of the file that a person was read from.
    """

    units: tuple[Unit, ...]
    wage_totals_fen: tuple[int | None, ...]
    unit_figures: tuple[Mapping[str, int], ...]
    starts: Ints
    people: Ints
    line_no: Ints
    age: Ints
    person_id: Ints
    wage_fen: Ints
    own_fen: Mapping[str, Ints]
    figures: Mapping[str, Ints]
    file_row: Ints
    categories: KnownCategories = field(default_factory=dict)
    frozen_base_fen: tuple[int | None, ...] = ()


class Schedules:
    """The schedules of one policy and period, each built once for all units that share it."""

    def __init__(self, policy: Policy, period: Period) -> None:
        self._policy = policy
        self.period = period
        self._known: dict[Facts, Schedule | Refusal] = {}

    @property
    def insurances(self) -> tuple[str, ...]:
        """Return the order of the insurance columns, the same in every schedule."""
        return self._policy.insurances

    def of(self, unit: Unit) -> Schedule | Refusal:
        """Return the schedule of a unit, or the reason why it has none."""
        key = facts_levied_by(unit)
        if key not in self._known:
            try:
                self._known[key] = self._build(unit)
            except Refusal as refusal:
                self._known[key] = refusal
        return self._known[key]

    def require(self, unit: Unit) -> Schedule:
        """Return the schedule of a unit.

        Raises:
            KindNotCovered, StepUnknown: the policy has none for such a unit.
        """
        found = self.of(unit)
        if isinstance(found, Refusal):
            raise found
        return found

    def _build(self, unit: Unit) -> Schedule:
        return schedule_of(self._policy, unit, self.period)


def starts_of(people: Ints) -> Ints:
    """Compute the first row of each unit from the number of rows of each."""
    starts: Ints = np.cumsum(people) - people
    return starts


def line_numbers(people: Ints) -> Ints:
    """Number the rows of each unit from 1."""
    numbers: Ints = (
        np.arange(int(people.sum()), dtype=np.int64) - np.repeat(starts_of(people), people) + 1
    )
    return numbers


def unit_places(month: DeclaredMonth) -> Ints:
    """Return for each row the place of its unit in `units`."""
    places: Ints = np.repeat(np.arange(len(month.units), dtype=np.int64), month.people)
    return places


def unit_ids(month: DeclaredMonth) -> Ints:
    """Return for each row the key of its unit."""
    ids = np.array([unit.id for unit in month.units], np.int64)
    rows: Ints = np.repeat(ids, month.people)
    return rows


def groups_by_schedule(month: DeclaredMonth) -> list[Ints]:
    """Group the places of units that share a schedule."""
    groups: dict[Facts, list[int]] = defaultdict(list)
    for place, unit in enumerate(month.units):
        groups[facts_levied_by(unit)].append(place)
    return [np.array(places, np.int64) for places in groups.values()]


def rows_of(month: DeclaredMonth, places: Ints) -> Ints:
    """Return the rows of some units, unit by unit."""
    people = month.people[places]
    rows: Ints = np.repeat(month.starts[places], people) + line_numbers(people) - 1
    return rows


def wage_columns(month: DeclaredMonth, insurances: Sequence[str]) -> Ints:
    """Return the wages by insurance: one column when nobody has a wage that differs, else all."""
    column = month.wage_fen.reshape(-1, 1)
    if not month.own_fen:
        return column
    wages = np.repeat(column, len(insurances), axis=1)
    for name, own in month.own_fen.items():
        place = insurances.index(name)
        wages[:, place] = np.where(own == ABSENT, wages[:, place], own)
    return wages


def has_own_wages(month: DeclaredMonth) -> NDArray[np.bool_]:
    """Mark the people who have a wage that differs for some insurance."""
    own = np.zeros(len(month.person_id), bool)
    for column in month.own_fen.values():
        own |= column != ABSENT
    return own


def people_figures(
    month: DeclaredMonth, schedule: Schedule, rows: Ints, categories: PeopleCategories | None
) -> PeopleFigures:
    """Collect what the schedule needs of these people besides the wage."""
    absent = np.full(len(rows), ABSENT, np.int64)
    return PeopleFigures(
        figures={
            name: month.figures[name][rows] if name in month.figures else absent
            for name in schedule.figures
        },
        age=month.age[rows] if schedule.needs_age else None,
        categories=None if categories is None else categories.of(rows),
    )


def unit_facts(month: DeclaredMonth, place: int) -> UnitFacts:
    """Collect what the calculation needs of a unit."""
    unit = month.units[place]
    return UnitFacts(
        kind=unit.kind,
        injury_class=unit.injury_class,
        wage_total_fen=month.wage_totals_fen[place],
        figures=month.unit_figures[place],
        frozen_base_fen=month.frozen_base_fen[place] if month.frozen_base_fen else None,
    )


def without(month: DeclaredMonth, rows: Iterable[int], places: Iterable[int] = ()) -> DeclaredMonth:
    """Leave out some rows and some whole units; a unit without rows is left out too."""
    keep = np.ones(len(month.person_id), bool)
    keep[list(rows)] = False
    unit = unit_places(month)
    keep &= ~np.isin(unit, list(places))
    kept = np.unique(unit[keep])
    people = np.bincount(np.searchsorted(kept, unit[keep]), minlength=len(kept)).astype(np.int64)

    def of_units(values: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(values[place] for place in kept.tolist()) if values else ()

    return replace(
        month,
        units=of_units(month.units),
        wage_totals_fen=of_units(month.wage_totals_fen),
        unit_figures=of_units(month.unit_figures),
        frozen_base_fen=of_units(month.frozen_base_fen),
        starts=starts_of(people),
        people=people,
        line_no=line_numbers(people),
        file_row=month.file_row[keep],
        age=month.age[keep],
        person_id=month.person_id[keep],
        wage_fen=month.wage_fen[keep],
        own_fen={name: column[keep] for name, column in month.own_fen.items()},
        figures={name: column[keep] for name, column in month.figures.items()},
    )
