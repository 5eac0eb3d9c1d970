"""SQL of sealed persons and of their enrolments. They have different shard keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.policy.domain.category import EMPLOYEE
from shared.page import read_page


@dataclass(frozen=True, slots=True)
class SealedPerson:
    """A person as stored: number and name are encrypted."""

    person_id: int
    tag: bytes
    sealed_number: bytes
    sealed_name: bytes


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person's enrolment at a unit, masked."""

    person_id: int
    person_uuid: UUID
    masked_number: str
    masked_name: str
    joined_on: date
    left_on: date | None = None
    document: str = "citizen"
    category: str = EMPLOYEE
    base_choice: str | None = None
    left_on_presumed: bool = False
    overlapping: bool = False


async def insert(tx: AsyncConnection, people: Sequence[SealedPerson]) -> set[int]:
    """Store persons; return the keys of the new ones. Safe to repeat."""
    created = await tx.execute(
        text("""
            INSERT INTO person (person_id, tag, sealed_number, sealed_name)
            SELECT person_id, tag, sealed_number, sealed_name
              FROM unnest(CAST(:ids AS bigint[]), CAST(:tags AS bytea[]),
                          CAST(:numbers AS bytea[]), CAST(:names AS bytea[]))
                AS batch (person_id, tag, sealed_number, sealed_name)
            ON CONFLICT (person_id) DO NOTHING
            RETURNING person_id
        """),
        {
            "ids": [person.person_id for person in people],
            "tags": [person.tag for person in people],
            "numbers": [person.sealed_number for person in people],
            "names": [person.sealed_name for person in people],
        },
    )
    return {row.person_id for row in created}


async def stored(tx: AsyncConnection, person_ids: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
    """Read tag and sealed name of persons, by key."""
    rows = await tx.execute(
        text("""
            SELECT person_id, tag, sealed_name
              FROM person
             WHERE person_id = ANY(CAST(:ids AS bigint[]))
        """),
        {"ids": list(person_ids)},
    )
    return {row.person_id: (bytes(row.tag), bytes(row.sealed_name)) for row in rows}


async def merged(tx: AsyncConnection, person_ids: Sequence[int]) -> set[int]:
    """Find persons whose record has ended in another one."""
    rows = await tx.execute(
        text("""
            SELECT person_id
              FROM person
             WHERE person_id = ANY(CAST(:ids AS bigint[])) AND merged_into IS NOT NULL
        """),
        {"ids": list(person_ids)},
    )
    return {row.person_id for row in rows}


async def enrol(tx: AsyncConnection, unit_id: int, people: Sequence[Enrolment]) -> set[int]:
    """Enrol people at one unit; return the keys of those enrolled, without those in the way."""
    created = await tx.execute(
        text("""
            INSERT INTO enrolment (unit_id, person_id, joined_on, left_on, left_on_presumed,
                                   person_uuid, masked_number, masked_name, document)
            SELECT CAST(:unit_id AS bigint), person_id, joined_on, left_on, presumed, person_uuid,
                   masked_number, masked_name, document
              FROM unnest(CAST(:ids AS bigint[]), CAST(:joined AS date[]), CAST(:left AS date[]),
                          CAST(:presumed AS boolean[]), CAST(:uuids AS uuid[]),
                          CAST(:numbers AS text[]), CAST(:names AS text[]),
                          CAST(:documents AS text[]))
                AS batch (person_id, joined_on, left_on, presumed, person_uuid, masked_number,
                          masked_name, document)
            ON CONFLICT DO NOTHING
            RETURNING person_id
        """),
        {"unit_id": unit_id, "ids": [person.person_id for person in people]} | columns(people),
    )
    return {row.person_id for row in created}


def columns(people: Sequence[Enrolment]) -> dict[str, list[Any]]:
    """Return enrolments as columns for SQL, without the person's key."""
    return {
        "joined": [person.joined_on for person in people],
        "left": [person.left_on for person in people],
        "presumed": [person.left_on_presumed for person in people],
        "uuids": [person.person_uuid for person in people],
        "numbers": [person.masked_number for person in people],
        "names": [person.masked_name for person in people],
        "documents": [person.document for person in people],
    }


async def enrolled_in(
    tx: AsyncConnection, unit_id: int, person_ids: Sequence[int], first: date, last: date
) -> set[int]:
    """Find those of these people who are enrolled at a unit on any day of a period."""
    rows = await tx.execute(
        text("""
            SELECT person_id
              FROM enrolment
             WHERE unit_id = :unit_id AND person_id = ANY(CAST(:ids AS bigint[]))
               AND joined_on <= :last AND (left_on IS NULL OR left_on >= :first)
        """),
        {"unit_id": unit_id, "ids": list(person_ids), "first": first, "last": last},
    )
    return {row.person_id for row in rows}


async def page(
    tx: AsyncConnection, unit_id: int, after: tuple[int, date] | None, limit: int
) -> list[Enrolment]:
    """Read a unit's enrolments after a (person, day)."""
    return await read_page(
        tx,
        """
            SELECT held.person_id, held.person_uuid, held.masked_number, held.masked_name,
                   held.joined_on, held.left_on, held.left_on_presumed, held.overlapping,
                   held.document,
                   coalesce(latest.category, :employee) AS category, latest.base_choice
              FROM enrolment AS held
              LEFT JOIN LATERAL (
                   SELECT category, base_choice
                     FROM enrolment_category
                    WHERE enrolment_category.unit_id = :unit_id
                      AND enrolment_category.person_id = held.person_id
                      AND enrolment_category.joined_on = held.joined_on
                    ORDER BY from_period DESC, id DESC
                    LIMIT 1) AS latest ON true
        """,
        key=("held.person_id", "held.joined_on"),
        after=after,
        limit=limit,
        row=Enrolment,
        where={"held.unit_id = :unit_id": {"unit_id": unit_id, "employee": EMPLOYEE}},
    )
