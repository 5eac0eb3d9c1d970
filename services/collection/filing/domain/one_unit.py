"""One unit's declaration as its sender wrote it: its faults, and its month in columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from services.collection.common.domain.errors import WageTotalMissing
from services.collection.common.domain.faults import control_differs, person_repeated
from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.month import DeclaredMonth
from services.collection.levy.domain.figures import age_of
from services.collection.levy.domain.person_facts import (
    PersonFacts,
    facts_faults,
    unknown_insurances,
)
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.register.domain.person import number_fault
from services.collection.register.domain.unit import Unit
from shared.errors import Fault
from shared.money import format_yuan
from shared.period import Period


@dataclass(frozen=True, slots=True)
class DeclaredPerson:
    """One person: the wage, the wages that differ for an insurance, and figures, in fen."""

    identity_number: str = field(repr=False)
    wage_fen: int
    own_fen: Mapping[str, int] | None = None
    figures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDeclaration:
    """A unit's declaration of a period, with the sender's own count and sum."""

    credit_code: str
    period: Period
    unit_wage_total_fen: int | None
    control_people: int
    control_wages_fen: int
    people: Sequence[DeclaredPerson]
    unit_figures: Mapping[str, int] = field(default_factory=dict)

    @property
    def wages_fen(self) -> int:
        """Return the sum of the wages that are listed."""
        return sum(person.wage_fen for person in self.people)


def facts_of_people(
    declaration: UnitDeclaration,
    schedule: Schedule,
    person_ids: Sequence[int],
    categories: Mapping[int, tuple[str, str | None]],
) -> list[PersonFacts]:
    """Collect each person's figures, age and registered category."""
    period = declaration.period
    return [
        PersonFacts(
            person.figures,
            age_of(person.identity_number, period) if schedule.needs_age else None,
            *categories.get(person_id, (EMPLOYEE, None)),
        )
        for person, person_id in zip(declaration.people, person_ids, strict=True)
    ]


def faults_of(
    declaration: UnitDeclaration,
    policy: Policy,
    schedule: Schedule,
    person_ids: Sequence[int],
    facts: Sequence[PersonFacts],
    enrolled: set[int],
) -> Iterator[Fault]:
    """Find every fault of a declaration that lists everybody."""
    if declaration.unit_wage_total_fen is None and schedule.needs_wage_total:
        yield Fault("/unit_wage_total", WageTotalMissing.code, WageTotalMissing().message)
    yield from control_faults(declaration, len(declaration.people), declaration.wages_fen)
    yield from people_faults(declaration, policy, person_ids, enrolled)
    yield from facts_faults(schedule, facts, declaration.unit_figures)


def control_faults(
    declaration: UnitDeclaration, people: int, wages_fen: int | None
) -> Iterator[Fault]:
    """Compare the control totals; a sum with an unknown part (None) cannot be compared."""
    if declaration.control_people != people:
        yield control_differs("/control/people", declaration.control_people, people)
    if wages_fen is not None and declaration.control_wages_fen != wages_fen:
        stated = format_yuan(declaration.control_wages_fen)
        yield control_differs("/control/wages", stated, format_yuan(wages_fen))


def people_faults(
    declaration: UnitDeclaration,
    policy: Policy,
    person_ids: Sequence[int],
    enrolled: set[int],
) -> Iterator[Fault]:
    """Find people who are listed twice or not enrolled, and wages for unknown insurances."""
    first: dict[int, int] = {}
    for number, (person, person_id) in enumerate(zip(declaration.people, person_ids, strict=True)):
        at = f"/people/{number}/identity_number"
        if first.setdefault(person_id, number) != number:
            yield person_repeated(number, first[person_id])
        if person_id not in enrolled:
            yield number_fault(person.identity_number, at) or Fault(
                at, "PERSON_NOT_ENROLLED", "本所属期未在该单位参保 (not enrolled here)"
            )
        if person.own_fen:
            yield from unknown_insurances(person.own_fen, policy, f"/people/{number}")


def month_of(
    unit: Unit,
    declaration: UnitDeclaration,
    person_ids: Sequence[int],
    facts: Sequence[PersonFacts],
) -> DeclaredMonth:
    """Put a declaration without faults into columns."""
    people = declaration.people
    return one_unit_month(
        unit,
        unit_totals=(declaration.unit_wage_total_fen, declaration.unit_figures),
        person_ids=person_ids,
        wages_fen=[person.wage_fen for person in people],
        own_fen=[person.own_fen or {} for person in people],
        facts=facts,
    )


def one_unit_month(
    unit: Unit,
    *,
    unit_totals: tuple[int | None, Mapping[str, int]],
    person_ids: Sequence[int],
    wages_fen: Sequence[int],
    own_fen: Sequence[Mapping[str, int]],
    facts: Sequence[PersonFacts],
) -> DeclaredMonth:
    """Put the month of one unit into columns; `unit_totals` are its wage total and figures."""
    count = len(person_ids)
    return DeclaredMonth(
        units=(unit,),
        wage_totals_fen=(unit_totals[0],),
        unit_figures=(unit_totals[1],),
        starts=np.zeros(1, np.int64),
        people=np.array([count], np.int64),
        line_no=np.arange(1, count + 1, dtype=np.int64),
        age=_column([person.age for person in facts]),
        person_id=np.array(person_ids, np.int64),
        wage_fen=np.array(wages_fen, np.int64),
        own_fen=_columns(own_fen),
        figures=_columns([person.figures for person in facts]),
        file_row=np.arange(count, dtype=np.int64),
        categories={
            (unit.id, person_id): person.kind
            for person_id, person in zip(person_ids, facts, strict=True)
            if person.category != EMPLOYEE
        },
    )


def _columns(cells: Sequence[Mapping[str, int]]) -> dict[str, Ints]:
    """Return one column for each name that somebody has."""
    names = {name: None for person in cells if person for name in person}
    return {name: _column([person.get(name) for person in cells]) for name in names}


def _column(values: Sequence[int | None]) -> Ints:
    return np.array([ABSENT if value is None else value for value in values], np.int64)


def with_frozen_base(month: DeclaredMonth, base_fen: int | None) -> DeclaredMonth:
    """Set the reviewed base of the unit, which holds for the year."""
    return month if base_fen is None else replace(month, frozen_base_fen=(base_fen,))
