"""Changes only (变更申报): last month's people carried on, with the wages that changed and who joined.

What comes out is the whole month, as if everybody had been declared: leavers drop out by the register,
and whoever is enrolled has a wage, or is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from services.collection.common.domain.errors import AgeMissing, FigureMissing, WageTotalMissing
from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.check import Taken
from services.collection.filing.domain.roll import CARRIED, UNIT_CARRIED, LastMonth
from services.collection.policy.domain.policy import Schedule
from services.collection.register.domain.unit import Unit
from shared.errors import Fault

PEOPLE: Final = "/people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of one person: the wage, those that differ for an insurance, figures (fen); and
    the full years, where the policy asks for them."""

    wage_fen: int
    own_fen: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What the unit says of itself this month."""

    wage_total_fen: int | None
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Month:
    """Everybody who is declared, in order; those enrolled of whom nothing is known; how many left."""

    people: Mapping[int, Said]
    unknown: list[int]
    left: int


def carried(last: LastMonth, given: Mapping[int, Said], enrolled: Sequence[int]) -> Month:
    """Last month's people who are still enrolled, with what was given this month, then the others
    who were given; `given` and `enrolled` by person."""
    known = set(enrolled)
    before = dict(_before(last))
    staying = {
        person: given.get(person, said) for person, said in before.items() if person in known
    }
    people = staying | {person: said for person, said in given.items() if person in known}
    unknown = sorted(person for person in known if person not in people)
    return Month(people, unknown, len(before) - len(staying))


def _before(last: LastMonth) -> Iterator[tuple[int, Said]]:
    own = {name: column.tolist() for name, column in last.own_fen.items()}
    figures = {name: column.tolist() for name, column in last.figures.items() if name in CARRIED}
    people = zip(last.person_id.tolist(), last.wage_fen.tolist(), last.age.tolist(), strict=True)
    for row, (person, wage_fen, age) in enumerate(people):
        yield (
            person,
            Said(
                wage_fen=wage_fen,
                own_fen={name: fen[row] for name, fen in own.items() if fen[row] != ABSENT},
                figures={name: fen[row] for name, fen in figures.items() if fen[row] != ABSENT},
                age=None if age == ABSENT else age,
            ),
        )


def whole_of(last: LastMonth, unit_id: int, given: Whole) -> Whole:
    """What the unit says now, and last month's where it says nothing and that may stay."""
    figures = {
        name: fen
        for name, fen in last.unit_figures.get(unit_id, {}).items()
        if name in UNIT_CARRIED
    }
    total_fen = given.wage_total_fen
    return Whole(
        wage_total_fen=last.wage_total_fen[unit_id] if total_fen is None else total_fen,
        figures=figures | dict(given.figures),
    )


def lacking(
    schedule: Schedule,
    month: Month,
    whole: Whole,
    places: Mapping[int, int],
    names: Mapping[int, str],
) -> Iterator[Fault]:
    """A fault for everything that the policy needs and nobody said; `places` says where a person
    stands among those given, `names` how the others are called, masked."""
    if schedule.needs_wage_total and whole.wage_total_fen is None:
        yield Fault("/unit_wage_total", WageTotalMissing.code, WageTotalMissing().message)
    for name in schedule.unit_figures:
        if name not in whole.figures:
            yield Fault(f"/unit_figures/{name}", FigureMissing.code, FigureMissing().message)
    for person in month.unknown:
        said = f"本月在保而上月未申报,须申报工资 (nobody knows the wage): {names.get(person, '')}"
        yield Fault(PEOPLE, "WAGE_MISSING", said)
    for person, one in month.people.items():
        at = f"{PEOPLE}/{places[person]}" if person in places else PEOPLE
        called = "" if person in places else f": {names.get(person, '')}"
        for figure in schedule.figures:
            if figure not in one.figures:
                pointer = f"{at}/figures/{figure}" if person in places else at
                yield Fault(pointer, FigureMissing.code, FigureMissing().message + called)
        if schedule.needs_age and one.age is None:
            yield Fault(at, AgeMissing.code, AgeMissing().message + called)


def taken_of(unit: Unit, last: LastMonth, month: Month, whole: Whole, schedule: Schedule) -> Taken:
    """The month as it is levied and stored."""
    people = list(month.people.values())

    def column(values: Iterator[int | None]) -> Ints:
        return np.array([ABSENT if value is None else value for value in values], np.int64)

    own = [name for name in schedule.insurances if any(name in one.own_fen for one in people)]
    return Taken(
        units=(unit,),
        wage_totals_fen=(whole.wage_total_fen,),
        unit_figures=(whole.figures,),
        starts=np.zeros(1, np.int64),
        people=np.array([len(people)], np.int64),
        line_no=np.arange(1, len(people) + 1, dtype=np.int64),
        age=column(one.age if schedule.needs_age else None for one in people),
        person_id=np.array(list(month.people), np.int64),
        wage_fen=column(one.wage_fen for one in people),
        own_fen={name: column(one.own_fen.get(name) for one in people) for name in own},
        figures={
            name: column(one.figures.get(name) for one in people) for name in schedule.figures
        },
        row=np.arange(len(people), dtype=np.int64),
        standings=last.standings,
    )
