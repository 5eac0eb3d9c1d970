"""Reviewed bases that declarations of a period have to keep to, where the policy freezes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.frozen_bases import (
    CODE,
    Breach,
    FrozenYear,
    UnitBase,
    breaches,
    stated,
    told,
    unit_breaches,
)
from services.collection.filing.store import frozen_bases as frozen_bases_store
from services.collection.filing.store.frozen_bases import Review
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy, Schedule
from shared.errors import Fault
from shared.period import Period

CHUNK: Final = 2_000
"""Units whose people are read at a time."""


async def of(
    tx: AsyncConnection, policy: Policy, unit_ids: Sequence[int], period: Period
) -> FrozenYear | None:
    """What was reviewed for these units' year; None where nothing was, or nothing is frozen."""
    if not policy.freezes_bases:
        return None
    reviews = await frozen_bases_store.living(tx, unit_ids, period.year, str(period))
    if not reviews:
        return None
    orders = await _orders(tx, policy, reviews)
    units: list[Ints] = []
    people: list[Ints] = []
    bases: list[Ints] = []
    for begin in range(0, len(reviews), CHUNK):
        chunk = reviews[begin : begin + CHUNK]
        order = {review.unit_id: orders[review.policy_id] for review in chunk}
        rows = await frozen_bases_store.people(tx, chunk)
        units.append(np.array([unit for unit, _, _ in rows], np.int64))
        people.append(np.array([person for _, person, _ in rows], np.int64))
        made = [[ABSENT if at is None else fen[at] for at in order[unit]] for unit, _, fen in rows]
        bases.append(np.array(made, np.int64).reshape(len(rows), len(policy.insurances)))
    return FrozenYear(
        units={
            review.unit_id: UnitBase(wage_total_fen=review.wage_total_fen, base_fen=review.base_fen)
            for review in reviews
        },
        unit_id=np.concatenate(units),
        person_id=np.concatenate(people),
        base_fen=np.concatenate(bases),
    )


async def _orders(
    tx: AsyncConnection, policy: Policy, reviews: Sequence[Review]
) -> dict[UUID, list[int | None]]:
    """Where each insurance of the policy stands in a review's bases; None where it does not."""
    orders: dict[UUID, list[int | None]] = {}
    for policy_id in {review.policy_id for review in reviews}:
        names = (await policy_flow.by_id(tx, policy_id)).insurances
        orders[policy_id] = [
            names.index(name) if name in names else None for name in policy.insurances
        ]
    return orders


def at_unit(figure: str | None) -> str:
    """Where a declaration says the unit's total, or the figure that stands for it."""
    return "/unit_wage_total" if figure is None else f"/unit_figures/{figure}"


def of_unit(
    year: FrozenYear,
    schedule: Schedule,
    unit_id: int,
    given: tuple[int | None, Mapping[str, int]],
) -> tuple[int | None, Mapping[str, int], list[Fault]]:
    """One unit's total and figures as reviewed, and where what is given differs; it may say nothing."""
    found = year.units[unit_id]
    wrong = unit_breaches(found, schedule, 0, *given)
    faults = [Fault(at_unit(one.figure), CODE, one.message) for one in wrong]
    return *stated(found, schedule, *given), faults


def of_people(
    year: FrozenYear,
    unit_id: int,
    schedule: Schedule,
    people: Sequence[tuple[int, Mapping[str, int] | None]],
    base_fen: Ints,
) -> list[Fault]:
    """Who of one unit's people, each (person, wages that differ for an insurance) or person 0 to be
    left alone, was levied on another base than the reviewed one."""
    unit = np.full(len(people), unit_id, np.int64)
    person = np.array([person for person, _ in people], np.int64)
    cells: dict[str, list[Breach]] = {}
    for breach in breaches(year, schedule, unit, person, base_fen):
        own = people[breach.row][1] or {}
        if breach.figure is not None:
            member = f"figures/{breach.figure}"
        elif breach.insurance in own:
            member = f"wages/{breach.insurance}"
        else:
            member = "wage" if people[breach.row][1] is None else "wages/*"
        cells.setdefault(f"/people/{breach.row}/{member}", []).append(breach)
    return [Fault(at, CODE, told(found)) for at, found in cells.items()]
