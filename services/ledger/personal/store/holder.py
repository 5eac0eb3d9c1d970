"""The holder of an account after mergers: the view `personal_holder` follows their chain."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def holders(tx: AsyncConnection, person_ids: Collection[int]) -> dict[int, int]:
    """Load person → the person whose account it is now; only those that were merged."""
    rows = await tx.execute(
        text("""
            SELECT person_id, holder_id
              FROM personal_holder
             WHERE person_id = ANY(CAST(:person_ids AS bigint[]))
        """),
        {"person_ids": list(person_ids)},
    )
    return {row.person_id: row.holder_id for row in rows}


async def records(tx: AsyncConnection, person_id: int) -> list[int]:
    """Load the records that count for a person, itself included; none for a merged one."""
    rows = await tx.execute(
        text("""
            SELECT person_id, holder_id
              FROM personal_holder
             WHERE holder_id = :person_id OR person_id = :person_id
        """),
        {"person_id": person_id},
    )
    found = rows.all()
    if any(row.person_id == person_id for row in found):
        return []
    return [person_id, *(row.person_id for row in found)]


async def records_of_all(tx: AsyncConnection, person_ids: Collection[int]) -> list[tuple[int, int]]:
    """Load (person, record) pairs: the records that count for each person, or for its survivor."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT person.id AS person_id, record.id AS record_id
              FROM unnest(CAST(:person_ids AS bigint[])) AS person (id)
              LEFT JOIN personal_holder AS merged
                ON merged.person_id = person.id
              LEFT JOIN personal_holder AS other
                ON other.holder_id = COALESCE(merged.holder_id, person.id)
             CROSS JOIN LATERAL (
                   VALUES (COALESCE(merged.holder_id, person.id)), (other.person_id))
                AS record (id)
             WHERE record.id IS NOT NULL
             ORDER BY person_id, record_id
        """),
        {"person_ids": list(person_ids)},
    )
    return [(row.person_id, row.record_id) for row in rows]


async def survivor(tx: AsyncConnection, person_id: int) -> str | None:
    """Load the reference of the person whose account a merged one is; None for one that stands."""
    rows = await tx.execute(
        text("""
            SELECT survivor
              FROM personal_merger
              JOIN personal_holder
                ON personal_holder.holder_id = personal_merger.survivor_id
             WHERE personal_holder.person_id = :person_id
             LIMIT 1
        """),
        {"person_id": person_id},
    )
    return rows.scalar_one_or_none()
