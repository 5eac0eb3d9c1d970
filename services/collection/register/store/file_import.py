"""SQL that enrols people of many units at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.store import person as person_store
from services.collection.register.store.person import Enrolment


async def elsewhere(
    tx: AsyncConnection, since: Sequence[tuple[int, int, date]]
) -> dict[tuple[int, int], str]:
    """Find people covered at another unit on a day or later, by (unit, person, day)."""
    rows = await tx.execute(
        text("""
            WITH known AS MATERIALIZED (
                 SELECT batch.unit_id AS to_unit_id, person_unit.person_id,
                        person_unit.unit_id, batch.day
                   FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS bigint[]),
                               CAST(:days AS date[])) AS batch (unit_id, person_id, day)
                   JOIN person_unit
                     ON person_unit.person_id = batch.person_id
                    AND person_unit.unit_id <> batch.unit_id)
            SELECT DISTINCT ON (known.to_unit_id, known.person_id)
                   known.to_unit_id AS unit_id, known.person_id, unit.credit_code
              FROM known
              JOIN enrolment AS held
                ON held.unit_id = known.unit_id AND held.person_id = known.person_id
               AND (held.left_on IS NULL OR held.left_on >= known.day)
              JOIN unit
                ON unit.unit_id = held.unit_id
             ORDER BY known.to_unit_id, known.person_id, held.joined_on
        """),
        {
            "unit_ids": [unit_id for unit_id, _, _ in since],
            "ids": [person_id for _, person_id, _ in since],
            "days": [day for _, _, day in since],
        },
    )
    return {(row.unit_id, row.person_id): row.credit_code for row in rows}


async def enrol(tx: AsyncConnection, people: Sequence[tuple[int, Enrolment]]) -> int:
    """Enrol people, each at a unit, and add them to the look-up table; return how many were new."""
    pairs = {
        "unit_ids": [unit_id for unit_id, _ in people],
        "ids": [person.person_id for _, person in people],
    }
    await tx.execute(
        text("""
            INSERT INTO person_unit (person_id, unit_id)
            SELECT person_id, unit_id
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS bigint[]))
                AS batch (unit_id, person_id)
            ON CONFLICT DO NOTHING
        """),
        pairs,
    )
    created = await tx.execute(
        text("""
            WITH made AS (
            INSERT INTO enrolment (unit_id, person_id, joined_on, left_on, left_on_presumed,
                                   person_uuid, masked_number, masked_name, document)
            SELECT unit_id, person_id, joined_on, left_on, presumed, person_uuid, masked_number,
                   masked_name, document
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS bigint[]),
                          CAST(:joined AS date[]), CAST(:left AS date[]),
                          CAST(:presumed AS boolean[]), CAST(:uuids AS uuid[]),
                          CAST(:numbers AS text[]), CAST(:names AS text[]),
                          CAST(:documents AS text[]))
                AS batch (unit_id, person_id, joined_on, left_on, presumed, person_uuid,
                          masked_number, masked_name, document)
            ON CONFLICT DO NOTHING
            RETURNING 1)
            SELECT COUNT(*) FROM made
        """),
        pairs | person_store.columns([person for _, person in people]),
    )
    return int(created.scalar_one())
