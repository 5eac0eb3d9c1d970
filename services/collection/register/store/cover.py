"""SQL of cover by person: the units at which a person is or was enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


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


async def of_person(tx: AsyncConnection, person_id: int) -> list[CoverRow]:
    """Read a person's enrolments at all units, earliest first."""
    rows = await tx.execute(
        text("""
            SELECT held.person_id, unit.credit_code, unit.name AS unit_name, unit.district,
                   held.joined_on, held.left_on, held.masked_number, held.masked_name
              FROM person_unit AS known
              JOIN enrolment AS held
                ON held.unit_id = known.unit_id AND held.person_id = known.person_id
              JOIN unit
                ON unit.unit_id = known.unit_id
             WHERE known.person_id = :person_id
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
            SELECT DISTINCT ON (asked.person_id) asked.person_id, unit.credit_code
              FROM unnest(CAST(:ids AS bigint[]), CAST(:days AS date[])) AS asked (person_id, day)
              JOIN person_unit AS known
                ON known.person_id = asked.person_id AND known.unit_id <> :unit_id
              JOIN enrolment AS held
                ON held.unit_id = known.unit_id AND held.person_id = known.person_id
               AND (held.left_on IS NULL OR held.left_on >= asked.day)
              JOIN unit
                ON unit.unit_id = held.unit_id
             ORDER BY asked.person_id, held.joined_on
        """),
        {
            "unit_id": unit_id,
            "ids": [person_id for person_id, _ in since],
            "days": [day for _, day in since],
        },
    )
    return {row.person_id: row.credit_code for row in rows}
