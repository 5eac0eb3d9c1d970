"""Read the figures, ages and categories that were stored with a declaration."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.levied import UNIT_LINE
from services.collection.filing.domain.records import DeclarationRow
from services.collection.filing.store import figures as figures_store
from services.collection.levy.domain.person_facts import PersonFacts
from services.collection.policy.domain.category import EMPLOYEE
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure


async def of_people(
    tx: AsyncConnection, row: DeclarationRow, schedule: Schedule, lines: Sequence[int]
) -> dict[int, PersonFacts]:
    """Read the facts of some lines; none where the policy needs no figures and has no categories."""
    if not schedule.figures and not schedule.needs_age and len(schedule.coverages) == 1:
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
    """Read the figures of the unit itself."""
    if not schedule.unit_figures:
        return {}
    found = await figures_store.of_lines(tx, row, [UNIT_LINE])
    return _named(UnitFigure, found[UNIT_LINE].figures_fen)


def _named(names: type[Figure] | type[UnitFigure], fen: Sequence[int | None]) -> dict[str, int]:
    return {name: amount for name, amount in zip(names, fen, strict=True) if amount is not None}
