"""SQL of the years of workdays. Only the database's function writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.workdays.domain import WorkdayYear

_SELECT: Final = """
    SELECT notice.year, notice.source, notice.reason, notice.set_by, notice.set_at,
           array_remove(array_agg(day.day ORDER BY day.day) FILTER (WHERE NOT day.workday),
                        NULL) AS days_off,
           array_remove(array_agg(day.day ORDER BY day.day) FILTER (WHERE day.workday),
                        NULL) AS workdays
      FROM workday_year AS notice
      LEFT JOIN calendar_day AS day
        ON day.day BETWEEN make_date(notice.year, 1, 1) AND make_date(notice.year, 12, 31)
       AND day.workday = (extract(isodow FROM day.day) > 5)"""
"""Each year with its days that are not as their weekday says."""


async def years(tx: AsyncConnection) -> Sequence[WorkdayYear]:
    """Read every year that is known, the newest first."""
    rows = await tx.execute(
        text(f"{_SELECT} GROUP BY notice.year ORDER BY notice.year DESC LIMIT 200")
    )
    return [_year(row) for row in rows]


async def find(tx: AsyncConnection, year: int) -> WorkdayYear | None:
    """Read a year; None when nobody has entered it."""
    rows = await tx.execute(
        text(f"{_SELECT} WHERE notice.year = :year GROUP BY notice.year"), {"year": year}
    )
    row = rows.one_or_none()
    return _year(row) if row else None


def _year(row: Row[Any]) -> WorkdayYear:
    days = {"days_off": row.days_off or (), "workdays": row.workdays or ()}
    return WorkdayYear(**{**row._mapping, **days})
