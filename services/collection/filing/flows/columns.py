"""Columns of what many units declare: which rows are whose, what is asked of whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.check import Taken
from services.collection.levy.domain.columns import PeopleFigures
from services.collection.levy.domain.people_categories import PeopleCategories
from services.collection.policy.domain.policy import Schedule
from services.collection.register.domain.unit import Facts, facts_levied_by


def unit_ids(taken: Taken) -> Ints:
    """The unit of each row."""
    ids = np.array([unit.id for unit in taken.units], np.int64)
    rows: Ints = np.repeat(ids, taken.people)
    return rows


def beside_of(
    taken: Taken, schedule: Schedule, rows: Ints, standings: PeopleCategories | None
) -> PeopleFigures:
    """What the policy asks of these people beside the wage."""
    return PeopleFigures(
        figures={name: taken.figures[name][rows] for name in schedule.figures},
        age=taken.age[rows] if schedule.needs_age else None,
        standings=None if standings is None else standings.of(rows),
    )


def alike(taken: Taken) -> list[Ints]:
    """The places of units that share a schedule."""
    groups: dict[Facts, list[int]] = defaultdict(list)
    for place, unit in enumerate(taken.units):
        groups[facts_levied_by(unit)].append(place)
    return [np.array(places, np.int64) for places in groups.values()]


def starts_of(people: Ints) -> Ints:
    """The first row of each unit, from how many people each has."""
    starts: Ints = np.cumsum(people) - people
    return starts


def rows_of(taken: Taken, places: Ints) -> Ints:
    """The rows of some units, unit by unit."""
    people = taken.people[places]
    within = np.arange(int(people.sum()), dtype=np.int64) - np.repeat(starts_of(people), people)
    rows: Ints = np.repeat(taken.starts[places], people) + within
    return rows


def asked_of(taken: Taken, insurances: Sequence[str]) -> Ints:
    """Wages of shape (people, 1), or (people, insurances) when somebody has one of its own."""
    column = taken.wage_fen.reshape(-1, 1)
    if not taken.own_fen:
        return column
    asked = np.repeat(column, len(insurances), axis=1)
    for name, own in taken.own_fen.items():
        place = insurances.index(name)
        asked[:, place] = np.where(own == ABSENT, asked[:, place], own)
    return asked
