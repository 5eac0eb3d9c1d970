"""A person's inbox (待办): steps that wait for the role, in the person's district, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.handling.domain.inbox import STEPS, WaitingStep, steps_of
from services.collection.handling.store import inbox as inbox_store
from services.collection.handling.store.inbox import Waiting, WaitingRow
from shared.roles import Caller

Place = tuple[int, datetime, int, UUID]
"""Where an item stands in an inbox: its step's place, since when it waits, its key and id."""
BEGINNING: Final[Place] = (0, datetime.min.replace(tzinfo=UTC), -1, UUID(int=0))


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits, by step, and a page of it."""

    steps: tuple[tuple[WaitingStep, Waiting], ...]
    items: tuple[tuple[WaitingStep, WaitingRow], ...]


async def read(
    tx: AsyncConnection,
    caller: Caller,
    *,
    district: str | None,
    only: str | None,
    after: Place,
    limit: int,
) -> Inbox:
    """What waits for the caller; `only` one step. Papers the caller has signed wait for others."""
    steps = [step for step in steps_of(caller) if only in (None, step.code)]
    counted = [
        (step, await inbox_store.count(tx, step.code, district, caller.subject)) for step in steps
    ]
    items = await _page(tx, caller, steps, district=district, after=after, limit=limit)
    return Inbox(tuple(counted), tuple(items))


async def _page(
    tx: AsyncConnection,
    caller: Caller,
    steps: Sequence[WaitingStep],
    *,
    district: str | None,
    after: Place,
    limit: int,
) -> list[tuple[WaitingStep, WaitingRow]]:
    found: list[tuple[WaitingStep, WaitingRow]] = []
    for step in steps:
        place = STEPS.index(step)
        if place < after[0] or len(found) >= limit:
            continue
        begin = after if place == after[0] else BEGINNING
        rows = await inbox_store.page(
            tx, step.code, district, caller.subject, begin[1:], limit - len(found)
        )
        found += [(step, row) for row in rows]
    return found
