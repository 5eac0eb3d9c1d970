"""What a policy asks of people and units beside the wage: is it given, store it, read it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain.errors import AgeMissing, FigureMissing
from services.collection.domain.levy import Wages
from services.collection.domain.levy_columns import PeopleFigures
from services.collection.domain.policy import Figure, Schedule, UnitFigure
from services.collection.store import figures as store
from services.collection.store.declaration import DeclarationRow
from shared.errors import Fault

ABSENT = -1
"""Stands in a column for a figure or an age that was not given."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What one person's line says beside the wage."""

    figures: Mapping[str, int] = field(default_factory=dict)
    age: int | None = None


def missing(
    schedule: Schedule, people: Sequence[Beside], unit: Mapping[str, int]
) -> Iterator[Fault]:
    """A fault for every figure that the policy takes a base from and that was not given."""
    for name in schedule.unit_figures:
        if name not in unit:
            yield Fault(f"/unit_figures/{name}", FigureMissing.code, FigureMissing().message)
    for number, person in enumerate(people):
        for figure in schedule.figures:
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
    )


async def put(
    tx: AsyncConnection,
    row: DeclarationRow,
    schedule: Schedule,
    people: Sequence[Beside],
    unit: Mapping[str, int],
) -> None:
    """Store what the policy asked for, so that the amounts can be explained from it."""
    head = (row.unit_id, row.id, row.round)
    records: list[tuple[object, ...]] = []
    if schedule.unit_figures:
        records.append((*head, store.UNIT_LINE, [unit.get(name) for name in UnitFigure], None))
    if schedule.figures or schedule.needs_age:
        records += [
            (*head, number, [person.figures.get(name) for name in Figure], person.age)
            for number, person in enumerate(people, 1)
        ]
    if records:
        await store.copy(tx, records)


async def of_people(
    tx: AsyncConnection, row: DeclarationRow, schedule: Schedule, lines: Sequence[int]
) -> dict[int, Beside]:
    """What was stored of some lines; nothing where the policy asks for nothing."""
    if not schedule.figures and not schedule.needs_age:
        return {}
    found = await store.of_lines(tx, row, lines)
    return {
        number: Beside(_named(Figure, line.figures_fen), line.age) for number, line in found.items()
    }


async def of_unit(tx: AsyncConnection, row: DeclarationRow, schedule: Schedule) -> dict[str, int]:
    """What was stored of the unit itself."""
    if not schedule.unit_figures:
        return {}
    found = await store.of_lines(tx, row, [store.UNIT_LINE])
    return _named(UnitFigure, found[store.UNIT_LINE].figures_fen)


def _named(names: type[Figure] | type[UnitFigure], fen: Sequence[int | None]) -> dict[str, int]:
    return {name: amount for name, amount in zip(names, fen, strict=True) if amount is not None}


def beside_of(wages: Wages) -> Beside:
    """What a quoted person says beside the wage."""
    return Beside(wages.figures, wages.age)
