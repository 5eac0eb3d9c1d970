"""What a policy asks of people and units beside the wage: is it given, store it, read it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.store import figures as figures_store
from services.collection.filing.store.declaration import DeclarationRow
from services.collection.levy.domain.person_facts import PersonFacts
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from services.collection.register.store import category as category_store
from shared.period import Period


async def with_standing(
    tx: AsyncConnection,
    unit_id: int,
    person_ids: Sequence[int],
    period: Period,
    people: Sequence[PersonFacts],
) -> list[PersonFacts]:
    """People of a unit with the categories that the register gives them in a period."""
    found = await category_store.of_people(tx, unit_id, person_ids, period)
    if not found:
        return list(people)
    return [
        replace(one, category=found[key][0], choice=found[key][1]) if key in found else one
        for key, one in zip(person_ids, people, strict=True)
    ]


async def put(
    tx: AsyncConnection,
    row: DeclarationRow,
    schedule: Schedule,
    people: Sequence[PersonFacts],
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
) -> dict[int, PersonFacts]:
    """What was stored of some lines; nothing where the policy asks for nothing and has no categories."""
    if not schedule.figures and not schedule.needs_age and len(schedule.standings) == 1:
        return {}
    found = await figures_store.of_lines(tx, row, lines)
    return {
        number: PersonFacts(
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
