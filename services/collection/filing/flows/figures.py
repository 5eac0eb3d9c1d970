"""What a policy asks of people and units beside the wage: is it given, store it, read it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import (
    AgeMissing,
    BaseChoiceMissing,
    BaseChoiceUnknown,
    FigureMissing,
)
from services.collection.filing.store import figures as figures_store
from services.collection.filing.store.declaration import DeclarationRow
from services.collection.levy.domain.columns import PeopleFigures
from services.collection.levy.domain.levy import Wages
from services.collection.levy.domain.standing import Standings
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from services.collection.register.store import category as category_store
from shared.errors import Fault, Refusal
from shared.period import Period

ABSENT = -1
"""Stands in a column for a figure or an age that was not given."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What one person's line says beside the wage."""

    figures: Mapping[str, int] = field(default_factory=dict)
    age: int | None = None
    category: str = EMPLOYEE
    choice: str | None = None

    @property
    def standing(self) -> tuple[str, str | None]:
        """Category and choice."""
        return self.category, self.choice


async def with_standing(
    tx: AsyncConnection,
    unit_id: int,
    person_ids: Sequence[int],
    period: Period,
    people: Sequence[Beside],
) -> list[Beside]:
    """People of a unit with the categories that the register gives them in a period."""
    found = await category_store.of_people(tx, unit_id, person_ids, period)
    if not found:
        return list(people)
    return [
        replace(one, category=found[key][0], choice=found[key][1]) if key in found else one
        for key, one in zip(person_ids, people, strict=True)
    ]


def fault_of(refusal: Refusal, at: str) -> Fault:
    """Why a person's category cannot be levied, where it is said."""
    said = refusal.code in {BaseChoiceMissing.code, BaseChoiceUnknown.code}
    return Fault(f"{at}/{'base_choice' if said else 'category'}", refusal.code, refusal.message)


def missing(
    schedule: Schedule, people: Sequence[Beside], unit: Mapping[str, int]
) -> Iterator[Fault]:
    """A fault for every figure that the policy takes a base from and that was not given, and for
    everybody whose category it does not levy."""
    for name in schedule.unit_figures:
        if name not in unit:
            yield Fault(f"/unit_figures/{name}", FigureMissing.code, FigureMissing().message)
    needs: dict[tuple[str, str | None], tuple[Figure, ...]] = {}
    for number, person in enumerate(people):
        refusal = None
        if person.standing != (EMPLOYEE, None):
            refusal = schedule.refusal(*person.standing)
        if refusal is not None:
            yield fault_of(refusal, f"/people/{number}")
            continue
        if person.standing not in needs:
            needs[person.standing] = schedule.figures_of(*person.standing)
        for figure in needs[person.standing]:
            if figure not in person.figures:
                at = f"/people/{number}/figures/{figure}"
                yield Fault(at, FigureMissing.code, FigureMissing().message)
        if schedule.needs_age and person.age is None:
            yield Fault(f"/people/{number}/age", AgeMissing.code, AgeMissing().message)


def columns(schedule: Schedule, people: Sequence[Beside]) -> PeopleFigures:
    """As the calculation over columns takes it."""
    return PeopleFigures(
        figures={
            figure: np.array([person.figures.get(figure, ABSENT) for person in people], np.int64)
            for figure in schedule.figures
        },
        age=np.array([ABSENT if person.age is None else person.age for person in people], np.int64)
        if schedule.needs_age
        else None,
        standings=_standings(people),
    )


def _standings(people: Sequence[Beside]) -> Standings | None:
    kinds: dict[tuple[str, str | None], int] = {(EMPLOYEE, None): 0}
    code = [kinds.setdefault(person.standing, len(kinds)) for person in people]
    return Standings(tuple(kinds), np.array(code, np.int64)) if len(kinds) > 1 else None


async def put(
    tx: AsyncConnection,
    row: DeclarationRow,
    schedule: Schedule,
    people: Sequence[Beside],
    unit: Mapping[str, int],
) -> None:
    """Store what the policy asked for, and who is no employee, so that the amounts can be explained
    from it."""
    head = (row.unit_id, row.id, row.round)
    records: list[tuple[object, ...]] = []
    if schedule.unit_figures:
        fen = [unit.get(name) for name in UnitFigure]
        records.append((*head, figures_store.UNIT_LINE, fen, None, None, None))
    asked = bool(schedule.figures) or schedule.needs_age
    records += [
        (
            *head,
            number,
            [person.figures.get(name) for name in Figure],
            person.age,
            *((None, None) if person.category == EMPLOYEE else person.standing),
        )
        for number, person in enumerate(people, 1)
        if asked or person.category != EMPLOYEE
    ]
    if records:
        await figures_store.copy(tx, records)


async def of_people(
    tx: AsyncConnection, row: DeclarationRow, schedule: Schedule, lines: Sequence[int]
) -> dict[int, Beside]:
    """What was stored of some lines; nothing where the policy asks for nothing and has no categories."""
    if not schedule.figures and not schedule.needs_age and len(schedule.standings) == 1:
        return {}
    found = await figures_store.of_lines(tx, row, lines)
    return {
        number: Beside(
            _named(Figure, line.figures_fen),
            line.age,
            line.category or EMPLOYEE,
            line.base_choice,
        )
        for number, line in found.items()
    }


async def of_unit(tx: AsyncConnection, row: DeclarationRow, schedule: Schedule) -> dict[str, int]:
    """What was stored of the unit itself."""
    if not schedule.unit_figures:
        return {}
    found = await figures_store.of_lines(tx, row, [figures_store.UNIT_LINE])
    return _named(UnitFigure, found[figures_store.UNIT_LINE].figures_fen)


def _named(names: type[Figure] | type[UnitFigure], fen: Sequence[int | None]) -> dict[str, int]:
    return {name: amount for name, amount in zip(names, fen, strict=True) if amount is not None}


def beside_of(wages: Wages) -> Beside:
    """What a quoted person says beside the wage."""
    return Beside(wages.figures, wages.age, wages.category, wages.choice)
