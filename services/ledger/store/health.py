"""Whether the database answers and the books are there."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def revision(tx: AsyncConnection) -> str:
    """The migration that the schema stands at."""
    rows = await tx.execute(text("SELECT version_num FROM alembic_version LIMIT 1"))
    return str(rows.scalar_one())
