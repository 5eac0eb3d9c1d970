"""SQL that finds people whose month an extension (补缴、延长缴费) counts already."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import lock_rows


async def people(
    tx: AsyncConnection, unit_ids: Sequence[int], person_ids: Sequence[int], period: str
) -> set[int]:
    """Find those of these people whose month an extension counts, at whatever unit.

    The units are held, so that no extension of their people is declared meanwhile. Most months have
    no extension; then the people are not even sent.
    """
    if not person_ids:
        return set()
    await hold_units(tx, unit_ids)
    if not await _any_of(tx, period):
        return set()
    rows = await tx.scalars(
        text("""
            WITH declared AS (
                SELECT person_id AS named, person_id
                  FROM unnest(CAST(:person_ids AS bigint[])) AS own (person_id)
                 UNION ALL
                SELECT merged_into, person_id
                  FROM person
                 WHERE merged_into = ANY(CAST(:person_ids AS bigint[]))
            )
            SELECT DISTINCT declared.named
              FROM declared
              JOIN contribution_extension AS own
                ON own.person_id = declared.person_id AND own.first <= :period
               AND own.last >= :period
              JOIN declaration AS head
                ON head.unit_id = own.unit_id AND head.id = own.declaration_id
               AND NOT head.void
        """),
        {"person_ids": list(person_ids), "period": period},
    )
    return set(rows)


async def hold_units(tx: AsyncConnection, unit_ids: Sequence[int]) -> None:
    """Wait for extensions of the units' people, and let none begin; other declarations go on."""
    await lock_rows(
        tx,
        """
        SELECT 1
          FROM unit
         WHERE unit_id = ANY(CAST(:keys AS bigint[]))
         ORDER BY unit_id
           FOR KEY SHARE
        """,
        unit_ids,
    )


async def _any_of(tx: AsyncConnection, period: str) -> bool:
    found = await tx.scalar(
        text("""
            SELECT EXISTS (SELECT 1
                             FROM contribution_extension
                            WHERE first <= :period AND last >= :period) AS found
        """),
        {"period": period},
    )
    return bool(found)
