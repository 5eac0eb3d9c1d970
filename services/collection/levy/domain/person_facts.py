"""Facts of a person other than the wage: figures, age, category and chosen base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.collection.common.domain.errors import AgeMissing, FigureMissing
from services.collection.common.domain.rows import ABSENT
from services.collection.levy.domain.columns import PeopleFigures
from services.collection.levy.domain.levy import Wages
from services.collection.levy.domain.people_categories import PeopleCategories
from services.collection.policy.domain.category import EMPLOYEE, category_fault
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.policy.domain.rate import Figure
from shared.errors import Fault


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Facts of one person that some policies need: figures in fen, full years, and the registered
    category with the base chosen for it."""

    figures: Mapping[str, int] = field(default_factory=dict)
    age: int | None = None
    category: str = EMPLOYEE
    choice: str | None = None

    @property
    def kind(self) -> tuple[str, str | None]:
        """Return the category and the chosen base."""
        return self.category, self.choice


def facts_of(wages: Wages) -> PersonFacts:
    """Read the facts of a quoted person."""
    return PersonFacts(wages.figures, wages.age, wages.category, wages.choice)


def facts_faults(
    schedule: Schedule, people: Sequence[PersonFacts], unit_figures: Mapping[str, int]
) -> Iterator[Fault]:
    """Find figures and ages that the schedule needs and nobody gave, and categories that it does
    not levy."""
    for name in schedule.unit_figures:
        if name not in unit_figures:
            yield Fault(f"/unit_figures/{name}", FigureMissing.code, FigureMissing().message)
    needed: dict[tuple[str, str | None], tuple[Figure, ...]] = {}
    for number, person in enumerate(people):
        refusal = None
        if person.kind != (EMPLOYEE, None):
            refusal = schedule.refusal(*person.kind)
        if refusal is not None:
            yield category_fault(refusal, f"/people/{number}")
            continue
        if person.kind not in needed:
            needed[person.kind] = schedule.figures_of(*person.kind)
        for figure in needed[person.kind]:
            if figure not in person.figures:
                at = f"/people/{number}/figures/{figure}"
                yield Fault(at, FigureMissing.code, FigureMissing().message)
        if schedule.needs_age and person.age is None:
            yield Fault(f"/people/{number}/age", AgeMissing.code, AgeMissing().message)


def unknown_insurances(names: Iterable[str], policy: Policy, at: str) -> list[Fault]:
    """Find wages for insurances that the policy does not have."""
    return [
        Fault(f"{at}/wages/{name}", "INSURANCE_NOT_LISTED", "本政策无此险种 (not in this policy)")
        for name in names
        if name not in policy.insurances
    ]


def facts_columns(schedule: Schedule, people: Sequence[PersonFacts]) -> PeopleFigures:
    """Put the facts into columns, as `assess_columns` takes them."""
    return PeopleFigures(
        figures={
            figure: np.array([person.figures.get(figure, ABSENT) for person in people], np.int64)
            for figure in schedule.figures
        },
        age=np.array([ABSENT if person.age is None else person.age for person in people], np.int64)
        if schedule.needs_age
        else None,
        categories=_categories(people),
    )


def _categories(people: Sequence[PersonFacts]) -> PeopleCategories | None:
    kinds: dict[tuple[str, str | None], int] = {(EMPLOYEE, None): 0}
    code = [kinds.setdefault(person.kind, len(kinds)) for person in people]
    return PeopleCategories(tuple(kinds), np.array(code, np.int64)) if len(kinds) > 1 else None
