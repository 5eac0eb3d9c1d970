"""SQL of corrections of persons, and of what follows a merged record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import lock_rows
from shared.page import read_page

IN_FORCE: Final = "in_force"
_COLUMNS: Final = """person_id, id, person_uuid, survivor_id, survivor_uuid, district, status,
       masked_number, right_number, masked_name, right_name, sealed_name, document_kind, reason,
       document, periods, proposed_at, decided_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCorrection:
    """A correction of a person's record; without a change of number the record is its own survivor.

    `periods` are the periods of cover that were moved or were held twice, as they were before.
    """

    person_id: int
    id: UUID
    person_uuid: UUID
    survivor_id: int
    survivor_uuid: UUID
    district: str
    status: str
    masked_number: str
    right_number: str
    masked_name: str
    right_name: str
    sealed_name: bytes = field(repr=False)
    document_kind: str
    reason: str
    document: str
    periods: list[dict[str, Any]] = field(default_factory=list)
    proposed_at: datetime | None = None
    decided_at: datetime | None = None

    @property
    def merges(self) -> bool:
        """Tell whether the record ends in another one."""
        return self.person_id != self.survivor_id


@dataclass(frozen=True, slots=True)
class HeldPeriod:
    """A period of cover of one of the two records."""

    unit_id: int
    credit_code: str
    district: str
    person_id: int
    joined_on: date
    left_on: date | None
    left_on_presumed: bool


async def insert(tx: AsyncConnection, row: PersonCorrection) -> bool:
    """Store a proposal; return False if one waits for the same record."""
    made = await tx.execute(
        text("""
            INSERT INTO person_correction (person_id, id, person_uuid, survivor_id, survivor_uuid,
                                           district, status, masked_number, right_number,
                                           masked_name, right_name, sealed_name, document_kind,
                                           reason, document)
            VALUES (:person_id, :id, :person_uuid, :survivor_id, :survivor_uuid, :district,
                    'proposed', :masked_number, :right_number, :masked_name, :right_name,
                    :sealed_name, :document_kind, :reason, :document)
            ON CONFLICT (person_id) WHERE status = 'proposed' DO NOTHING
            RETURNING id
        """),
        {
            name: getattr(row, name)
            for name in (
                "person_id",
                "id",
                "person_uuid",
                "survivor_id",
                "survivor_uuid",
                "district",
                "masked_number",
                "right_number",
                "masked_name",
                "right_name",
                "sealed_name",
                "document_kind",
                "reason",
                "document",
            )
        },
    )
    return made.first() is not None


async def find(tx: AsyncConnection, person_id: int, id: UUID) -> PersonCorrection | None:
    """Find a correction."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM person_correction
                 WHERE person_id = :person_id AND id = :id
            """),
            {"person_id": person_id, "id": id},
        )
    ).first()
    return None if row is None else PersonCorrection(**row._mapping)


async def page(
    tx: AsyncConnection,
    person_id: int,
    *,
    district: str | None,
    after: UUID | None,
    limit: int,
) -> list[PersonCorrection]:
    """Read the corrections of a person's record after an id, oldest first."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM person_correction",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=PersonCorrection,
        equal={"person_id": person_id, "district": district},
    )


async def decide(
    tx: AsyncConnection, row: PersonCorrection, status: str, periods: Sequence[dict[str, Any]] = ()
) -> bool:
    """Put a proposed correction in force or refuse it; return False if it is already decided.

    One in force gets the next number of the feed. The count stays locked until the transaction
    ends, so that numbers become visible in their order.
    """
    made = await tx.execute(
        text("""
            UPDATE person_correction
               SET status = :status, decided_at = now(), periods = CAST(:periods AS jsonb),
                   number = CAST(:number AS bigint)
             WHERE person_id = :person_id AND id = :id AND status = 'proposed'
            RETURNING id
        """),
        {
            "person_id": row.person_id,
            "id": row.id,
            "status": status,
            "periods": orjson.dumps(list(periods)).decode(),
            "number": await _next_number(tx) if status == IN_FORCE else None,
        },
    )
    return made.first() is not None


async def _next_number(tx: AsyncConnection) -> int:
    row = (
        await tx.execute(
            text("UPDATE person_correction_count SET last = last + 1 RETURNING last AS number")
        )
    ).one()
    number: int = row.number
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedCorrection:
    """A correction in force, as another service follows it; the survivor's number and name are sealed."""

    number: int
    person_id: int
    id: UUID
    person_uuid: UUID
    survivor_id: int
    survivor_uuid: UUID
    sealed_number: bytes = field(repr=False)
    sealed_name: bytes = field(repr=False)


async def in_order(tx: AsyncConnection, after: int, limit: int) -> list[FollowedCorrection]:
    """Read the corrections in force after a number, in the order in which they came into force."""
    return await read_page(
        tx,
        """
            SELECT made.number, made.person_id, made.id, made.person_uuid, made.survivor_id,
                   made.survivor_uuid, survivor.sealed_number, made.sealed_name
              FROM person_correction AS made
              JOIN person AS survivor ON survivor.person_id = made.survivor_id
        """,
        key=("made.number",),
        after=(after,),
        limit=limit,
        row=FollowedCorrection,
    )


async def survivors(
    tx: AsyncConnection, person_ids: Sequence[int]
) -> dict[int, tuple[int, UUID] | None]:
    """Return the records that records were merged into; None for one that stands by itself."""
    rows = await tx.execute(
        text("""
            SELECT person_id, merged_into, merged_into_uuid
              FROM person
             WHERE person_id = ANY(CAST(:ids AS bigint[]))
        """),
        {"ids": list(person_ids)},
    )
    return {
        row.person_id: None if row.merged_into is None else (row.merged_into, row.merged_into_uuid)
        for row in rows
    }


async def lock_people(tx: AsyncConnection, person_ids: Sequence[int]) -> None:
    """Lock records in the order of their keys, so that two mergers do not cross."""
    await lock_rows(
        tx,
        """
        SELECT person_id
          FROM person
         WHERE person_id = ANY(CAST(:keys AS bigint[]))
         ORDER BY person_id
           FOR UPDATE
        """,
        person_ids,
    )


async def periods(tx: AsyncConnection, person_ids: Sequence[int]) -> list[HeldPeriod]:
    """Read and lock the periods of cover of records at all units."""
    units = await tx.scalars(
        text("SELECT unit_id FROM person_unit WHERE person_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(person_ids)},
    )
    rows = await lock_rows(
        tx,
        """
        SELECT held.unit_id, unit.credit_code, unit.district, held.person_id, held.joined_on,
               held.left_on, held.left_on_presumed
          FROM enrolment AS held
          JOIN unit
            ON unit.unit_id = held.unit_id
         WHERE held.unit_id = ANY(CAST(:keys AS bigint[]))
           AND held.person_id = ANY(CAST(:ids AS bigint[]))
         ORDER BY held.unit_id, held.person_id, held.joined_on
           FOR UPDATE OF held
        """,
        units,
        {"ids": list(person_ids)},
    )
    return [HeldPeriod(**row._mapping) for row in rows]


async def drop(tx: AsyncConnection, twice: Sequence[HeldPeriod]) -> None:
    """Delete periods that the surviving record holds too; the correction keeps what they were."""
    await tx.execute(
        text("""
            DELETE FROM enrolment
             USING unnest(CAST(:units AS bigint[]), CAST(:ids AS bigint[]), CAST(:days AS date[]))
                AS twice (unit_id, person_id, joined_on)
             WHERE enrolment.unit_id = twice.unit_id AND enrolment.person_id = twice.person_id
               AND enrolment.joined_on = twice.joined_on
        """),
        {
            "units": [one.unit_id for one in twice],
            "ids": [one.person_id for one in twice],
            "days": [one.joined_on for one in twice],
        },
    )


async def follow(tx: AsyncConnection, row: PersonCorrection, units: Sequence[int]) -> None:
    """Give the periods of a record to its survivor, and correct the masked name and number."""
    values = {
        "person_id": row.person_id,
        "survivor_id": row.survivor_id,
        "survivor_uuid": row.survivor_uuid,
        "units": list(units),
        "number": row.right_number,
        "name": row.right_name,
        "document": row.document_kind,
    }
    await tx.execute(
        text("""
            INSERT INTO person_unit (person_id, unit_id)
            SELECT CAST(:survivor_id AS bigint), unit_id
              FROM unnest(CAST(:units AS bigint[])) AS moved (unit_id)
            ON CONFLICT DO NOTHING
        """),
        values,
    )
    await tx.execute(
        text("""
            UPDATE enrolment
               SET person_id = :survivor_id, person_uuid = :survivor_uuid,
                   masked_number = :number, masked_name = :name, document = :document
             WHERE unit_id = ANY(CAST(:units AS bigint[]))
               AND person_id IN (:person_id, :survivor_id)
        """),
        values,
    )
    await tx.execute(
        text("""
            UPDATE enrolment_category
               SET person_id = :survivor_id
             WHERE unit_id = ANY(CAST(:units AS bigint[])) AND person_id = :person_id
               AND person_id <> :survivor_id
        """),
        values,
    )
    await tx.execute(
        text("UPDATE person SET sealed_name = :sealed_name WHERE person_id = :survivor_id"),
        {"sealed_name": row.sealed_name, "survivor_id": row.survivor_id},
    )
    if row.merges:
        await tx.execute(
            text("""
                UPDATE person
                   SET merged_into = :survivor_id, merged_into_uuid = :survivor_uuid
                 WHERE person_id = :person_id OR merged_into = :person_id
            """),
            values,
        )
