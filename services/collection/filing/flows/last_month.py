"""What units declared last month, in columns: what is carried on into a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.check import Schedules
from services.collection.filing.domain.roll import LastMonth
from services.collection.filing.store import bulk as bulk_store
from services.collection.filing.store import changes as changes_store
from services.collection.filing.store import roll as roll_store
from services.collection.filing.store.figures import UNIT_LINE
from services.collection.filing.store.roll import Head
from services.collection.levy.domain.figures import age_of
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import change as change_flow
from services.collection.register.store import category as category_store
from shared.errors import Refusal
from shared.period import Period
from shared.security.field_cipher import FieldCipher

CHUNK: Final = 10_000
"""People whose numbers are opened at a time."""
Rows = Mapping[tuple[int, int], int]
"""(unit, line) → row."""


async def of(
    tx: AsyncConnection,
    heads: Sequence[Head],
    period: Period,
    schedules: Schedules,
    cipher: FieldCipher,
) -> LastMonth:
    """Last month's people and wages, with the units as they stand in the period. Ages are taken from
    the sealed identity numbers, where the policy asks for them."""
    ids = [head.unit_id for head in heads]
    known = await change_flow.as_of(tx, await bulk_store.units(tx, ids), period.first_day)
    unit_id, line_no, person_id, wage_fen = await roll_store.people(tx, heads)
    asked, figures = await roll_store.asked(tx, heads), await roll_store.figures(tx, heads)
    orders = {
        policy_id: (await policy_flow.by_id(tx, policy_id)).insurances
        for policy_id in {head.policy_id for head in heads}
    }
    rows: Rows = {}
    if asked or figures:
        places = zip(unit_id.tolist(), line_no.tolist(), strict=True)
        rows = {key: row for row, key in enumerate(places)}
    return LastMonth(
        units={head.unit_id: known[head.unit_id] for head in heads},
        by_default=frozenset(head.unit_id for head in heads if head.kind == "default"),
        wage_total_fen={head.unit_id: head.unit_wage_total_fen for head in heads},
        unit_figures={
            unit: {name: fen for name, fen in zip(UnitFigure, said, strict=True) if fen is not None}
            for unit, line, said in figures
            if line == UNIT_LINE
        },
        unit_id=unit_id,
        person_id=person_id,
        wage_fen=wage_fen,
        own_fen=_own(
            asked, {h.unit_id: orders[h.policy_id] for h in heads}, schedules.insurances, rows
        ),
        figures=_figures(figures, rows),
        age=await _ages(tx, known, schedules, (unit_id, person_id), cipher),
        standings=await category_store.of_units(tx, ids, period),
    )


async def _ages(
    tx: AsyncConnection,
    known: Mapping[int, Unit],
    schedules: Schedules,
    people: tuple[Ints, Ints],
    cipher: FieldCipher,
) -> Ints:
    """Full years on the period's first day, of people of units whose policy asks for them."""
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
            found = sealed.get(int(person_id[row]))
            years = None if found is None else age_of(cipher.open(found), schedules.period)
            age[row] = ABSENT if years is None else years
    return age


def _needs_age(schedule: Schedule | Refusal) -> bool:
    return isinstance(schedule, Schedule) and schedule.needs_age


def _own(
    asked: Sequence[tuple[int, int, list[int]]],
    orders: Mapping[int, tuple[str, ...]],
    insurances: tuple[str, ...],
    rows: Rows,
) -> dict[str, Ints]:
    """What was asked by insurance, in columns; an insurance that is new has the wage."""
    if not asked:
        return {}
    own = {name: np.full(len(rows), ABSENT, np.int64) for name in insurances}
    for unit, line, fen in asked:
        for name, amount_fen in zip(orders[unit], fen, strict=True):
            if name in own:
                own[name][rows[unit, line]] = amount_fen
    return own


def _figures(said: Sequence[tuple[int, int, list[int | None]]], rows: Rows) -> dict[str, Ints]:
    """What was said beside the wage, in columns by figure."""
    found = {name.value: np.full(len(rows), ABSENT, np.int64) for name in Figure}
    for unit, line, figures in said:
        if line == UNIT_LINE:
            continue
        for name, fen in zip(Figure, figures, strict=True):
            if fen is not None:
                found[name][rows[unit, line]] = fen
    return {name: column for name, column in found.items() if bool((column != ABSENT).any())}
