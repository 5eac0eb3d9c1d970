"""SQL of the workday table."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def workdays(tx: AsyncConnection, first: date, last: date) -> dict[date, bool]:
    """Read the known days of a range, and whether each is a workday."""
    rows = await tx.execute(
        text("""
            SELECT day, workday
              FROM calendar_day
             WHERE day BETWEEN :first AND :last
             ORDER BY day
             LIMIT 400
        """),
        {"first": first, "last": last},
    )
    return {row.day: row.workday for row in rows}
