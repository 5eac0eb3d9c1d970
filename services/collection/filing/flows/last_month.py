"""Read what units declared last month, in columns, to carry it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.late import DEFAULT
from services.collection.filing.domain.month import Schedules
from services.collection.filing.domain.previous_month import (
    RowNumbers,
    figure_columns,
    own_wage_columns,
    unit_figures,
)
from services.collection.filing.domain.roll import LastDeclaration, PreviousMonth
from services.collection.filing.store import changes as changes_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.filing.store import roll as roll_store
from services.collection.levy.domain.figures import age_of
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Schedule
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import change as change_flow
from services.collection.register.store import category as category_store
from shared.errors import Refusal
from shared.period import Period
from shared.security.field_cipher import FieldCipher

CHUNK: Final = 10_000
"""People whose identity numbers are opened at a time."""


async def of(
    tx: AsyncConnection,
    declarations: Sequence[LastDeclaration],
    period: Period,
    schedules: Schedules,
    cipher: FieldCipher,
) -> PreviousMonth:
    """Read last month's people and wages, with the units as they are in the period.

    Where a schedule needs ages, `cipher` opens the identity numbers that show them.
    """
    ids = [one.unit_id for one in declarations]
    known = await change_flow.as_of(tx, await hand_in_store.units(tx, ids), period.first_day)
    unit_id, line_no, person_id, wage_fen = await roll_store.people(tx, declarations)
    own_wages = await roll_store.own_wages(tx, declarations)
    figures = await roll_store.figures(tx, declarations)
    orders = {
        policy_id: (await policy_flow.by_id(tx, policy_id)).insurances
        for policy_id in {one.policy_id for one in declarations}
    }
    rows: RowNumbers = {}
    if own_wages or figures:
        keys = zip(unit_id.tolist(), line_no.tolist(), strict=True)
        rows = {key: row for row, key in enumerate(keys)}
    insurances_of = {one.unit_id: orders[one.policy_id] for one in declarations}
    return PreviousMonth(
        units={unit: known[unit] for unit in ids},
        by_default=frozenset(one.unit_id for one in declarations if one.kind == DEFAULT),
        wage_total_fen={one.unit_id: one.unit_wage_total_fen for one in declarations},
        unit_figures=unit_figures(figures),
        unit_id=unit_id,
        person_id=person_id,
        wage_fen=wage_fen,
        own_fen=own_wage_columns(own_wages, insurances_of, schedules.insurances, rows),
        figures=figure_columns(figures, rows),
        age=await _ages(tx, known, schedules, (unit_id, person_id), cipher),
        categories=await category_store.of_units(tx, ids, period),
    )


async def _ages(
    tx: AsyncConnection,
    known: Mapping[int, Unit],
    schedules: Schedules,
    people: tuple[Ints, Ints],
    cipher: FieldCipher,
) -> Ints:
    """Compute the ages, on the period's first day, of people of units whose schedule needs them."""
    unit_id, person_id = people
    age = np.full(len(person_id), ABSENT, np.int64)
    needing = [uid for uid, unit in known.items() if _needs_age(schedules.of(unit))]
    if not needing:
        return age
    rows = np.flatnonzero(np.isin(unit_id, needing))
    for begin in range(0, len(rows), CHUNK):
        chunk = rows[begin : begin + CHUNK]
        sealed = await changes_store.sealed(tx, person_id[chunk].tolist())
        for row in chunk.tolist():
            number = sealed.get(int(person_id[row]))
            years = None if number is None else age_of(cipher.open(number), schedules.period)
            age[row] = ABSENT if years is None else years
    return age


def _needs_age(schedule: Schedule | Refusal) -> bool:
    return isinstance(schedule, Schedule) and schedule.needs_age
