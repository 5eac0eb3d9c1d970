"""The levy for many units at once: the columns of `levy.domain.columns`, added up by unit.

All units of one call share a schedule (unit kind and injury class). What is levied on a unit as a
whole goes through the same `unit_lines` as a single unit's declaration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.collection.levy.domain.columns import (
    NO_FIGURES,
    Fen,
    PeopleColumns,
    PeopleFigures,
    credited_columns,
    levy_people,
)
from services.collection.levy.domain.levy import UnitFacts, unit_lines
from services.collection.levy.domain.relief import Owed, relief_rate, relieved_columns
from services.collection.policy.domain.policy import Rule, Schedule
from services.collection.policy.domain.rate import Rate
from shared.fund import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsLine:
    """One line for many units: `level` is people, unit or relief; base and amount are in fen by
    unit.

    `holds` masks the units that have the line (None: all).
    """

    level: str
    rule: Rule
    rate: Rate
    base_fen: Fen
    amount_fen: Fen
    holds: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsLevy:
    """The levy of many units: their people in columns, and their lines in the order of one
    unit's."""

    units: int
    people: PeopleColumns
    lines: tuple[UnitsLine, ...]

    def total_fen(self, party: str | None = None) -> Fen:
        """Return each unit's total, of one party or both."""
        total: Fen = np.zeros(self.units, np.int64)
        for line in self.lines:
            if party is None or line.rate.party == party:
                total += line.amount_fen
        return total

    def largest_base_fen(self) -> Fen:
        """Return the largest base of each unit's lines."""
        largest: Fen = np.zeros(self.units, np.int64)
        for line in self.lines:
            np.maximum(largest, line.base_fen, out=largest)
        return largest


def assess_units(
    schedule: Schedule,
    facts: Sequence[UnitFacts],
    asked_fen: Fen,
    starts: Fen,
    people_facts: PeopleFigures = NO_FIGURES,
) -> UnitsLevy:
    """Levy people who are ordered by unit; `starts` is the first row of each unit.

    Raises:
        WageTotalMissing, FigureMissing, AgeMissing: a rate needs a value that was not given.
        CreditAboveLevy: the credits to accounts exceed a unit's share.
    """
    people = levy_people(schedule, asked_fen, people_facts)
    lines = [
        UnitsLine(
            level="people",
            rule=made.rule,
            rate=made.rate,
            base_fen=np.add.reduceat(made.base_fen, starts),
            amount_fen=np.add.reduceat(made.amount_fen, starts),
            holds=None if made.holds is None else np.logical_or.reduceat(made.holds, starts),
        )
        for made in people.rates
    ]
    lines += _whole(schedule, facts, people, starts)
    lines += _relief(schedule, lines)
    return UnitsLevy(units=len(facts), people=people, lines=tuple(lines))


def _relief(schedule: Schedule, lines: Sequence[UnitsLine]) -> list[UnitsLine]:
    """Calculate each unit's relief, as `relief.relieved` does for one."""
    if not schedule.reliefs:
        return []
    owed: dict[Owed, Fen] = {}
    for line in lines:
        if line.rate.party is Party.UNIT:
            key = (line.rule.insurance, line.rate.account, line.rule.fund)
            owed[key] = owed[key] + line.amount_fen if key in owed else line.amount_fen
    rules = {rule.insurance: rule for rule in schedule.rules}
    return [
        UnitsLine(
            level="relief",
            rule=rules[row.insurance],
            rate=relief_rate(row, key[1]),
            base_fen=of,
            amount_fen=-amount,
            holds=amount > 0,
        )
        for row in schedule.reliefs
        for key, (of, amount) in relieved_columns(row, owed, schedule.rounding).items()
    ]


def _whole(
    schedule: Schedule, facts: Sequence[UnitFacts], people: PeopleColumns, starts: Fen
) -> list[UnitsLine]:
    """Build the lines that are levied on each unit as a whole."""
    if all(rate.base.per_person for rule in schedule.rules for rate in rule.rates):
        return []
    sums = np.add.reduceat(people.base_fen, starts, axis=0).tolist()
    columns = credited_columns(people)
    credited = [np.add.reduceat(column, starts).tolist() for column in columns.values()]
    made = [
        unit_lines(
            schedule,
            unit,
            dict(zip(schedule.insurances, sums[place], strict=True)),
            {name: column[place] for name, column in zip(columns, credited, strict=True)},
        )
        for place, unit in enumerate(facts)
    ]
    rules = {rule.insurance: rule for rule in schedule.rules}
    return [
        UnitsLine(
            level="unit",
            rule=rules[column[0].insurance],
            rate=column[0].rate,
            base_fen=np.array([line.base_fen for line in column], np.int64),
            amount_fen=np.array([line.amount_fen for line in column], np.int64),
        )
        for column in zip(*made, strict=True)
    ]
