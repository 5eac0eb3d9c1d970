"""Doors of identity events: sign-ins, changes of people, clients, roles and keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.identity.common import flows as common_flow
from services.identity.common.schemas import EventOut
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get("/v1/events", operation_id="list_events", summary="身份事件 · List identity events")
async def list_events(
    at: Annotated[Door, door(Right.READ_IDENTITY)],
    principal: Annotated[str | None, Query(max_length=64)] = None,
    kind: Annotated[str | None, Query(max_length=64, pattern=r"^[a-z_]*$")] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EventOut]:
    """List events, newest first; of one person or client, or of one kind."""
    filters = {"of": "events", "principal": principal, "kind": kind}
    after = read_cursor(cursor, filters, (int,)) if cursor else None
    rows = await at.read(
        lambda tx: common_flow.page(
            tx, principal=principal, kind=kind, after=after, limit=limit + 1
        )
    )
    items, following = cut(rows, limit, lambda row: [row.seq], filters)
    return Page[EventOut].of([EventOut.of(row) for row in items], following)
