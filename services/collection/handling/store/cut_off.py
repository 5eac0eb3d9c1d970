"""SQL of cut-offs that the centre has set."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.handling.domain.cut_off import CutOff


async def between(tx: AsyncConnection, region: str, first: str, last: str) -> dict[str, CutOff]:
    """Read the cut-offs set for a range of periods, by period."""
    rows = await tx.execute(
        text("""
            SELECT period, cut_off_on, source, set_by
              FROM cut_off
             WHERE region = :region AND period BETWEEN :first AND :last
             ORDER BY period
             LIMIT 1000
        """),
        {"region": region, "first": first, "last": last},
    )
    return {row.period: CutOff(**row._mapping, certain=True) for row in rows}


async def put(
    tx: AsyncConnection, region: str, period: str, day: date, values: dict[str, str]
) -> None:
    """Set or replace a period's cut-off; `values` are source and set_by."""
    await tx.execute(
        text("""
            INSERT INTO cut_off (region, period, cut_off_on, source, set_by)
            VALUES (:region, :period, :day, :source, :set_by)
            ON CONFLICT (region, period) DO UPDATE
               SET cut_off_on = excluded.cut_off_on, source = excluded.source,
                   set_by = excluded.set_by, set_at = excluded.set_at
        """),
        {"region": region, "period": period, "day": day} | values,
    )
