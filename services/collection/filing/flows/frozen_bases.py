"""Read the reviewed bases that hold for a year, where the policy freezes bases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.frozen_bases import ReviewedBases, UnitReview
from services.collection.filing.store import frozen_bases as frozen_bases_store
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from shared.period import Period

CHUNK: Final = 2_000
"""Units whose people are read at a time."""


async def of(
    tx: AsyncConnection, policy: Policy, unit_ids: Sequence[int], period: Period
) -> ReviewedBases | None:
    """Read the reviewed bases of these units that hold in a period; None when there are none, or
    when the policy freezes no bases."""
    if not policy.freezes_bases:
        return None
    reviews = await frozen_bases_store.reviews(tx, unit_ids, period.year, str(period))
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
        cells = [
            [ABSENT if place is None else fen[place] for place in order[unit]]
            for unit, _, fen in rows
        ]
        bases.append(np.array(cells, np.int64).reshape(len(rows), len(policy.insurances)))
    return ReviewedBases(
        units={review.unit_id: review for review in reviews},
        unit_id=np.concatenate(units),
        person_id=np.concatenate(people),
        base_fen=np.concatenate(bases),
    )


async def _orders(
    tx: AsyncConnection, policy: Policy, reviews: Sequence[UnitReview]
) -> dict[UUID, list[int | None]]:
    """Find the place of each of the policy's insurances in the bases of a review; None: it has none."""
    orders: dict[UUID, list[int | None]] = {}
    for policy_id in {review.policy_id for review in reviews}:
        names = (await policy_flow.by_id(tx, policy_id)).insurances
        orders[policy_id] = [
            names.index(name) if name in names else None for name in policy.insurances
        ]
    return orders
