"""SQL of cut-offs that two people have set. Only the database's function writes them."""

from __future__ import annotations

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
