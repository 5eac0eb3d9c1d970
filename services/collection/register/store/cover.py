"""SQL of cover by person: the units at which a person is or was enrolled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.domain.cover import Cover
from shared.db import lock_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRow:
    """One enrolment of a person at a unit."""

    person_id: int
    credit_code: str
    unit_name: str
    district: str
    joined_on: date
    left_on: date | None
    masked_number: str
    masked_name: str
    overlapping: bool
    person_uuid: UUID


async def of_person(tx: AsyncConnection, person_id: int) -> list[CoverRow]:
    """Read a person's enrolments at all units, earliest first."""
    rows = await tx.execute(
        text("""
            SELECT held.person_id, unit.credit_code, unit.name AS unit_name, unit.district,
                   held.joined_on, held.left_on, held.masked_number, held.masked_name,
                   held.overlapping, held.person_uuid
              FROM (SELECT unit_id, person_id
                      FROM person_unit
                     WHERE person_id = :person_id) AS known
              JOIN enrolment AS held
                ON held.unit_id = known.unit_id AND held.person_id = known.person_id
              JOIN unit
                ON unit.unit_id = known.unit_id
             ORDER BY held.joined_on, unit.unit_id
             LIMIT 500
        """),
        {"person_id": person_id},
    )
    return [CoverRow(**row._mapping) for row in rows]


async def elsewhere(
    tx: AsyncConnection, unit_id: int, since: Sequence[tuple[int, date]]
) -> dict[int, str]:
    """Find people covered at another unit on a day or later; return the first such unit of each."""
    rows = await tx.execute(
        text("""
            WITH known AS MATERIALIZED (
                 SELECT person_unit.person_id, person_unit.unit_id, since.day
                   FROM unnest(CAST(:ids AS bigint[]), CAST(:days AS date[]))
                     AS since (person_id, day)
                   JOIN person_unit
                     ON person_unit.person_id = since.person_id
                    AND person_unit.unit_id <> :unit_id)
            SELECT DISTINCT ON (known.person_id) known.person_id, unit.credit_code
              FROM known
              JOIN enrolment AS held
                ON held.unit_id = known.unit_id AND held.person_id = known.person_id
               AND (held.left_on IS NULL OR held.left_on >= known.day)
              JOIN unit
                ON unit.unit_id = held.unit_id
             ORDER BY known.person_id, held.joined_on
        """),
        {
            "unit_id": unit_id,
            "ids": [person_id for person_id, _ in since],
            "days": [day for _, day in since],
        },
    )
    return {row.person_id: row.credit_code for row in rows}


_PERIODS: Final = """
    SELECT held.unit_id, held.person_id, held.joined_on, held.left_on, held.left_on_presumed,
           held.overlapping
      FROM enrolment AS held
     WHERE {mine}
     ORDER BY held.unit_id, held.person_id, held.joined_on
       FOR UPDATE OF held
"""


async def at_unit(
    tx: AsyncConnection, unit_id: int, person_ids: Sequence[int]
) -> dict[tuple[int, int], list[Cover]]:
    """Read all periods of people at a unit by (unit, person), earliest first, and lock them."""
    mine = "held.unit_id = :unit_id AND held.person_id = ANY(CAST(:ids AS bigint[]))"
    rows = await tx.execute(
        text(_PERIODS.format(mine=mine)), {"unit_id": unit_id, "ids": list(person_ids)}
    )
    return _by_pair(rows)


async def at_units(
    tx: AsyncConnection, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], list[Cover]]:
    """Read all periods of (unit, person) pairs, earliest first, and lock them."""
    units, ids = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    mine = """held.unit_id = ANY(CAST(:keys AS bigint[])) AND (held.unit_id, held.person_id) IN (
        SELECT * FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS bigint[])))"""
    rows = await lock_rows(tx, _PERIODS.format(mine=mine), units, {"unit_ids": units, "ids": ids})
    return _by_pair(rows)


def _by_pair(rows: Iterable[Row[Any]]) -> dict[tuple[int, int], list[Cover]]:
    found: dict[tuple[int, int], list[Cover]] = {}
    for row in rows:
        cover = Cover(row.joined_on, row.left_on, row.left_on_presumed, row.overlapping)
        found.setdefault((row.unit_id, row.person_id), []).append(cover)
    return found


async def settle_overlaps(tx: AsyncConnection, unit_id: int, person_ids: Sequence[int]) -> None:
    """Clear the mark of periods at a unit that share no day with an earlier one any more."""
    await tx.execute(
        text("""
            UPDATE enrolment AS held
               SET overlapping = false
             WHERE held.unit_id = :unit_id AND held.person_id = ANY(CAST(:ids AS bigint[]))
               AND held.overlapping
               AND NOT EXISTS (SELECT 1
                                 FROM enrolment AS earlier
                                WHERE earlier.unit_id = :unit_id
                                  AND earlier.person_id = held.person_id
                                  AND earlier.joined_on < held.joined_on
                                  AND (earlier.left_on IS NULL
                                       OR earlier.left_on >= held.joined_on))
        """),
        {"unit_id": unit_id, "ids": list(person_ids)},
    )
