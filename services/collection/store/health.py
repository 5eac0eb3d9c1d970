"""Whether this service's schema is there."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def is_migrated(tx: AsyncConnection) -> bool:
    """Whether migrations have been run on this database."""
    found = await tx.scalar(text("SELECT to_regclass('collection.alembic_version') IS NOT NULL"))
    return bool(found)
