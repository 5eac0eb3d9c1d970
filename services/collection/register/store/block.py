"""SQL of departures and block transfers: enrolments end at one unit and begin at another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.page import read_page
from shared.period import Period


@dataclass(frozen=True, slots=True)
class EnrolmentEnd:
    """The last day of a person's period of cover at a unit."""

    person_id: int
    joined_on: date
    left_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPerson:
    """A person of a block transfer, masked."""

    line_no: int
    person_id: int
    person_uuid: UUID
    masked_number: str
    masked_name: str


async def enrolled_before(tx: AsyncConnection, unit_id: int, before: date) -> list[int]:
    """List the people of a unit who joined before a day and have not left."""
    rows = await tx.execute(
        text("""
            SELECT person_id
              FROM enrolment
             WHERE unit_id = :unit_id AND left_on IS NULL AND joined_on < :before
             ORDER BY person_id
        """),
        {"unit_id": unit_id, "before": before},
    )
    return [row.person_id for row in rows]


async def count_enrolled(tx: AsyncConnection, unit_id: int) -> int:
    """Count the people enrolled at a unit now."""
    row = (
        await tx.execute(
            text("""
                SELECT count(*) AS people
                  FROM enrolment
                 WHERE unit_id = :unit_id AND left_on IS NULL
            """),
            {"unit_id": unit_id},
        )
    ).one()
    return int(row.people)


async def insert_people(
    tx: AsyncConnection, unit_id: int, change_id: UUID, person_ids: Sequence[int]
) -> None:
    """Store the people of a block transfer."""
    await tx.execute(
        text("""
            INSERT INTO register_change_person (unit_id, change_id, line_no, person_id)
            SELECT CAST(:unit_id AS bigint), CAST(:change_id AS uuid), line_no, person_id
              FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS batch (person_id, line_no)
        """),
        {"unit_id": unit_id, "change_id": change_id, "ids": list(person_ids)},
    )


async def page(
    tx: AsyncConnection, unit_id: int, change_id: UUID, after: int, limit: int
) -> list[BlockPerson]:
    """Read the people of a block transfer after a line number."""
    return await read_page(
        tx,
        """
            SELECT line.line_no, line.person_id, known.person_uuid, known.masked_number,
                   known.masked_name
              FROM register_change_person AS line
             CROSS JOIN LATERAL (
                   SELECT person_uuid, masked_number, masked_name
                     FROM enrolment
                    WHERE enrolment.unit_id = :unit_id
                      AND enrolment.person_id = line.person_id
                    ORDER BY joined_on DESC
                    LIMIT 1) AS known
        """,
        key=("line.line_no",),
        after=(after,),
        limit=limit,
        row=BlockPerson,
        equal={"line.change_id": change_id},
        where={"line.unit_id = :unit_id": {"unit_id": unit_id}},
    )


async def end_block(tx: AsyncConnection, unit_id: int, change_id: UUID, last: date) -> int:
    """End the enrolments of a block at the giving unit; return how many ended."""
    made = await tx.execute(
        text("""
            UPDATE enrolment
               SET left_on = :last
              FROM register_change_person AS line
             WHERE line.unit_id = :unit_id AND line.change_id = :change_id
               AND enrolment.unit_id = :unit_id AND enrolment.person_id = line.person_id
               AND enrolment.left_on IS NULL AND enrolment.joined_on <= :last
        """),
        {"unit_id": unit_id, "change_id": change_id, "last": last},
    )
    return made.rowcount


async def add_to_look_up(tx: AsyncConnection, unit_id: int, person_ids: Sequence[int]) -> None:
    """Add people of a unit to the table that finds a person's units."""
    await tx.execute(
        text("""
            INSERT INTO person_unit (person_id, unit_id)
            SELECT person_id, CAST(:unit_id AS bigint)
              FROM unnest(CAST(:ids AS bigint[])) AS batch (person_id)
            ON CONFLICT DO NOTHING
        """),
        {"unit_id": unit_id, "ids": list(person_ids)},
    )


async def enrol_block(
    tx: AsyncConnection, change: tuple[int, UUID], to_unit_id: int, first: date
) -> int:
    """Enrol a block at the receiving unit; return how many were not enrolled there."""
    values = {"unit_id": change[0], "change_id": change[1], "to_unit_id": to_unit_id}
    await tx.execute(
        text("""
            INSERT INTO person_unit (person_id, unit_id)
            SELECT person_id, CAST(:to_unit_id AS bigint)
              FROM register_change_person
             WHERE unit_id = :unit_id AND change_id = :change_id
            ON CONFLICT DO NOTHING
        """),
        values,
    )
    made = await tx.execute(
        text("""
            WITH line AS MATERIALIZED (
                 SELECT person_id
                   FROM register_change_person
                  WHERE unit_id = :unit_id AND change_id = :change_id),
                 known AS MATERIALIZED (
                 SELECT DISTINCT ON (person_id)
                        person_id, person_uuid, masked_number, masked_name, document
                   FROM enrolment
                  WHERE unit_id = :unit_id AND person_id IN (SELECT person_id FROM line)
                  ORDER BY person_id, joined_on DESC),
                 -- Who comes back to the unit later by what is registered is covered until then.
                 later AS MATERIALIZED (
                 SELECT person_id, min(joined_on) AS joined_on
                   FROM enrolment
                  WHERE unit_id = CAST(:to_unit_id AS bigint) AND joined_on > CAST(:first AS date)
                    AND person_id IN (SELECT person_id FROM line)
                  GROUP BY person_id),
                 made AS (
            INSERT INTO enrolment (unit_id, person_id, joined_on, left_on, left_on_presumed,
                                   person_uuid, masked_number, masked_name, document)
            SELECT CAST(:to_unit_id AS bigint), known.person_id, CAST(:first AS date),
                   later.joined_on - 1, later.joined_on IS NOT NULL,
                   known.person_uuid, known.masked_number, known.masked_name, known.document
              FROM known
              LEFT JOIN later
                ON later.person_id = known.person_id
            ON CONFLICT DO NOTHING
            RETURNING 1)
            SELECT COUNT(*) FROM made
        """),
        values | {"first": first},
    )
    await _copy_categories(tx, values | {"first": first, "period": str(Period.of(first))})
    return int(made.scalar_one())


async def _copy_categories(tx: AsyncConnection, values: dict[str, Any]) -> None:
    """Give people at the receiving unit the categories that they had at the giving unit."""
    await tx.execute(
        text("""
            WITH line AS MATERIALIZED (
                 SELECT person_id
                   FROM register_change_person
                  WHERE unit_id = :unit_id AND change_id = :change_id),
                 was AS MATERIALIZED (
                 SELECT DISTINCT ON (person_id) person_id, id, category, base_choice
                   FROM enrolment_category
                  WHERE unit_id = :unit_id AND person_id IN (SELECT person_id FROM line)
                  ORDER BY person_id, joined_on DESC, from_period DESC, id DESC)
            INSERT INTO enrolment_category (unit_id, person_id, joined_on, from_period, id,
                                            category, base_choice, joining)
            SELECT held.unit_id, held.person_id, held.joined_on, CAST(:period AS text), was.id,
                   was.category, was.base_choice, true
              FROM was
              JOIN enrolment AS held
                ON held.unit_id = CAST(:to_unit_id AS bigint) AND held.person_id = was.person_id
               AND held.joined_on = CAST(:first AS date)
            ON CONFLICT DO NOTHING
        """),
        values,
    )


async def end_enrolments(tx: AsyncConnection, unit_id: int, people: Sequence[EnrolmentEnd]) -> int:
    """End periods of cover at a unit, each on its day; return how many were still without an end."""
    made = await tx.execute(
        text("""
            UPDATE enrolment
               SET left_on = batch.left_on, left_on_presumed = false
              FROM unnest(CAST(:ids AS bigint[]), CAST(:joined AS date[]), CAST(:days AS date[]))
                AS batch (person_id, joined_on, left_on)
             WHERE enrolment.unit_id = :unit_id AND enrolment.person_id = batch.person_id
               AND enrolment.joined_on = batch.joined_on
               AND (enrolment.left_on IS NULL OR enrolment.left_on_presumed)
        """),
        {
            "unit_id": unit_id,
            "ids": [person.person_id for person in people],
            "joined": [person.joined_on for person in people],
            "days": [person.left_on for person in people],
        },
    )
    return made.rowcount
