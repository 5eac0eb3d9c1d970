"""How people of a unit are called on lists."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def masked(tx: AsyncConnection, unit_id: int, people: Sequence[int]) -> dict[int, str]:
    """The masked identity numbers of people of a unit."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT person_id, masked_number
              FROM enrolment
             WHERE unit_id = :unit_id AND person_id = ANY(CAST(:people AS bigint[]))
        """),
        {"unit_id": unit_id, "people": list(people)},
    )
    return {row.person_id: row.masked_number for row in rows}
