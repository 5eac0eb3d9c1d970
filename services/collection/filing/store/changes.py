"""How people of a unit are called on lists, and their sealed numbers, by which ages are known."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def masked(tx: AsyncConnection, unit_id: int, people: Sequence[int]) -> dict[int, str]:
    """Return the masked identity numbers of people of a unit."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT person_id, masked_number
              FROM enrolment
             WHERE unit_id = :unit_id AND person_id = ANY(CAST(:people AS bigint[]))
        """),
        {"unit_id": unit_id, "people": list(people)},
    )
    return {row.person_id: row.masked_number for row in rows}


async def sealed(tx: AsyncConnection, people: Sequence[int]) -> dict[int, bytes]:
    """Return the sealed identity numbers of persons."""
    rows = await tx.execute(
        text("""
            SELECT person_id, sealed_number
              FROM person
             WHERE person_id = ANY(CAST(:people AS bigint[]))
        """),
        {"people": list(people)},
    )
    return {row.person_id: bytes(row.sealed_number) for row in rows}
