"""Applied corrections of persons in the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.persons.domain import PersonCorrection


async def lock_people(tx: AsyncConnection, *, alone: bool) -> None:
    """Hold back mergers while a paper names people, and such papers while people merge (`alone`).

    The lock ends with the transaction.
    """
    lock = "UPDATE" if alone else "SHARE"
    await tx.execute(text(f"SELECT name FROM person_gate WHERE name = 'people' FOR {lock}"))


async def merged(tx: AsyncConnection, person_ids: Sequence[int]) -> dict[int, bytes]:
    """Find those whose record ended in another one, with the survivor's sealed number."""
    rows = await tx.execute(
        text("""
            SELECT person_id, sealed_number
              FROM person_correction
             WHERE person_id = ANY (CAST(:person_ids AS bigint[])) AND survivor_id <> person_id
        """),
        {"person_ids": list(person_ids)},
    )
    return {row.person_id: bytes(row.sealed_number) for row in rows}


async def records(tx: AsyncConnection, person_id: int) -> list[int]:
    """List the records that ended in a person's, and the person's own."""
    rows = await tx.scalars(
        text("""
            WITH RECURSIVE own (person_id) AS (
                SELECT CAST(:person_id AS bigint)
                 UNION
                SELECT merged.person_id
                  FROM own
                  JOIN person_correction AS merged
                    ON merged.survivor_id = own.person_id AND merged.person_id <> own.person_id)
            SELECT person_id FROM own
        """),
        {"person_id": person_id},
    )
    return list(rows)


async def owners(tx: AsyncConnection, person_ids: Sequence[int]) -> dict[int, int]:
    """Map the records of people, their own and those that ended in them, to the people."""
    rows = await tx.execute(
        text("""
            WITH RECURSIVE own (owner_id, person_id) AS (
                SELECT one.person_id, one.person_id
                  FROM unnest(CAST(:person_ids AS bigint[])) AS one (person_id)
                 UNION
                SELECT own.owner_id, merged.person_id
                  FROM own
                  JOIN person_correction AS merged
                    ON merged.survivor_id = own.person_id AND merged.person_id <> own.person_id)
            SELECT person_id, owner_id FROM own
        """),
        {"person_ids": list(person_ids)},
    )
    return {row.person_id: row.owner_id for row in rows}


async def survivors(tx: AsyncConnection, person_ids: Sequence[int]) -> dict[int, int]:
    """Map people to the records in which theirs ended; a record that was not merged to itself."""
    rows = await tx.execute(
        text("""
            WITH RECURSIVE chain (person_id, survivor_id) AS (
                SELECT one.person_id, one.person_id
                  FROM unnest(CAST(:person_ids AS bigint[])) AS one (person_id)
                 UNION
                SELECT chain.person_id, merged.survivor_id
                  FROM chain
                  JOIN person_correction AS merged
                    ON merged.person_id = chain.survivor_id
                   AND merged.survivor_id <> merged.person_id)
            SELECT person_id, survivor_id
              FROM chain
             WHERE NOT EXISTS (
                       SELECT 1
                         FROM person_correction AS merged
                        WHERE merged.person_id = chain.survivor_id
                          AND merged.survivor_id <> merged.person_id)
        """),
        {"person_ids": list(person_ids)},
    )
    return {row.person_id: row.survivor_id for row in rows}


async def last_number(tx: AsyncConnection) -> int:
    """Read the number of the last correction that was applied; 0 before the first."""
    row = (
        await tx.execute(text("SELECT number FROM person_correction ORDER BY number DESC LIMIT 1"))
    ).first()
    return row.number if row else 0


async def insert(tx: AsyncConnection, correction: PersonCorrection, sealed_number: bytes) -> bool:
    """Store a correction as applied; return False if it was applied before."""
    row = await tx.execute(
        text("""
            INSERT INTO person_correction (number, paper, person_id, survivor_id, sealed_number)
            VALUES (:number, :paper, :person_id, :survivor_id, :sealed_number)
            ON CONFLICT DO NOTHING
            RETURNING number
        """),
        {
            "number": correction.number,
            "paper": correction.paper,
            "person_id": correction.person.key,
            "survivor_id": correction.survivor.key,
            "sealed_number": sealed_number,
        },
    )
    return row.first() is not None
