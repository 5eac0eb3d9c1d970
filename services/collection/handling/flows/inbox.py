"""A person's inbox (待办): papers that wait for the person's role and district, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.handling.domain.inbox import STEPS, WaitingStep, steps_of
from services.collection.handling.store import inbox as inbox_store
from services.collection.handling.store.inbox import InboxRow, WaitingCount
from shared.roles import Caller

InboxKey = tuple[int, datetime, int, UUID]
"""Order of inbox items: the step's position, waiting since, shard key and id."""
BEGINNING: Final[InboxKey] = (0, datetime.min.replace(tzinfo=UTC), -1, UUID(int=0))


@dataclass(frozen=True, slots=True)
class Inbox:
    """Counts of waiting papers by step, and a page of the papers."""

    steps: tuple[tuple[WaitingStep, WaitingCount], ...]
    items: tuple[tuple[WaitingStep, InboxRow], ...]


async def read(
    tx: AsyncConnection,
    caller: Caller,
    *,
    district: str | None,
    only: str | None,
    after: InboxKey,
    limit: int,
) -> Inbox:
    """Read the caller's inbox, or `only` one step of it, without papers that the caller has signed."""
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
    after: InboxKey,
    limit: int,
) -> list[tuple[WaitingStep, InboxRow]]:
    found: list[tuple[WaitingStep, InboxRow]] = []
    for step in steps:
        position = STEPS.index(step)
        if position < after[0] or len(found) >= limit:
            continue
        begin = after if position == after[0] else BEGINNING
        rows = await inbox_store.page(
            tx, step.code, district, caller.subject, begin[1:], limit - len(found)
        )
        found += [(step, row) for row in rows]
    return found
