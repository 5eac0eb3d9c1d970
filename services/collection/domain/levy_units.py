"""The calculation for many units at once: the columns of `levy_columns`, added up unit by unit.

All units of one call share a schedule (unit kind and injury class). What is levied on a unit as a
whole goes through the same `unit_lines` as one unit's declaration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.collection.domain.levy import UnitFacts, unit_lines
from services.collection.domain.levy_columns import Fen, PeopleColumns, levy_people
from services.collection.domain.policy import Rate, Rule, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsLine:
    """One line of every unit: `level` is people or unit, base and amount have one fen a unit."""

    level: str
    rule: Rule
    rate: Rate
    base_fen: Fen
    amount_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsLevied:
    """What many units owe: their people in columns, their lines in the order of one unit's."""

    people: PeopleColumns
    lines: tuple[UnitsLine, ...]

    def total_fen(self, party: str | None = None) -> Fen:
        """What each unit owes, of one party or both."""
        amounts = [
            line.amount_fen for line in self.lines if party is None or line.rate.party == party
        ]
        total: Fen = np.sum(amounts, axis=0, dtype=np.int64)
        return total


def assess_units(
    schedule: Schedule, facts: Sequence[UnitFacts], asked_fen: Fen, starts: Fen
) -> UnitsLevied:
    """Levy on people that stand unit by unit; `starts` is the first row of each unit.

    Raises:
        WageTotalMissing: a rate needs the wage total of a unit that gave none.
    """
    people = levy_people(schedule, asked_fen)
    lines = [
        UnitsLine(
            level="people",
            rule=made.rule,
            rate=made.rate,
            base_fen=np.add.reduceat(made.base_fen, starts),
            amount_fen=np.add.reduceat(made.amount_fen, starts),
        )
        for made in people.rates
    ]
    return UnitsLevied(
        people=people, lines=(*lines, *_whole(schedule, facts, people.base_fen, starts))
    )


def _whole(
    schedule: Schedule, facts: Sequence[UnitFacts], base_fen: Fen, starts: Fen
) -> list[UnitsLine]:
    """The lines that are levied on each unit as a whole."""
    if all(rate.base.per_person for rule in schedule.rules for rate in rule.rates):
        return []
    sums = np.add.reduceat(base_fen, starts, axis=0).tolist()
    made = [
        unit_lines(schedule, unit, dict(zip(schedule.insurances, row, strict=True)))
        for unit, row in zip(facts, sums, strict=True)
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
