"""Door to the policy in force on a day, in readable form (政策摘要)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.text import markdown
from services.collection.policy.schemas.policy import PolicyInForceOut, PolicyOut
from shared.door import Door, door
from shared.roles import Right
from shared.schema import Code, Day
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/policies/in-force",
    operation_id="get_policy_in_force",
    summary="某日有效政策 · Get the policy in force on a day",
)
async def get_policy_in_force(
    at: Annotated[Door, door(Right.READ_COLLECTION, any_unit=True)],
    on: Day,
    region: Annotated[Code | None, Query()] = None,
) -> PolicyInForceOut:
    """Get the policy in force: its pack, and a Chinese Markdown text that gives the source of every
    row."""

    async def work(tx: AsyncConnection) -> PolicyInForceOut:
        found = await policy_flow.in_force(tx, region or at.region, on)
        row = await policy_flow.find(tx, found.id)
        content = await policy_flow.content_of(tx, found.id)
        return PolicyInForceOut(
            **PolicyOut.members(row), content=content, text=markdown(found.policy)
        )

    return await at.read(work)
