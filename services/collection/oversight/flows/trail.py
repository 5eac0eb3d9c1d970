"""Search over the trails of all papers (办理轨迹查询)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.store import trail as trail_store
from services.collection.oversight.store.trail import StepRow, TrailSearch


async def page(
    tx: AsyncConnection, search: TrailSearch, after: tuple[datetime, UUID], limit: int
) -> list[StepRow]:
    """List the steps that match a search, oldest first, after a (time, id)."""
    return await trail_store.page(tx, search, after, limit)
