"""SQL of corrections of periods of cover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.domain.cover import Cover
from shared.page import read_page
from shared.period import Period

_NO_SHARED_DAY: Final = "enrolment_share_no_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverCorrection:
    """A period of cover before and after its correction, with the reason and the document."""

    unit_id: int
    id: UUID
    person_id: int
    was_joined_on: date
    was_left_on: date | None
    now_joined_on: date
    now_left_on: date | None
    reason: str
    document: str | None
    corrected_at: datetime | None = None


async def change(tx: AsyncConnection, made: CoverCorrection, was: Cover) -> bool:
    """Change a period; return False if it, or a period that shares its days, changed meanwhile."""
    values = {
        "unit_id": made.unit_id,
        "person_id": made.person_id,
        "was_joined": was.joined_on,
        "was_left": was.left_on,
        "joined": made.now_joined_on,
        "left": made.now_left_on,
    }
    try:
        changed = await tx.execute(
            text("""
                UPDATE enrolment
                   SET joined_on = :joined, left_on = :left, left_on_presumed = false
                 WHERE unit_id = :unit_id AND person_id = :person_id AND joined_on = :was_joined
                   AND left_on IS NOT DISTINCT FROM CAST(:was_left AS date)
            """),
            values,
        )
    except IntegrityError as error:
        if _NO_SHARED_DAY not in str(error.orig):
            raise
        return False
    if changed.rowcount != 1:
        return False
    await tx.execute(
        text("""
            UPDATE enrolment_category
               SET joined_on = :joined
             WHERE unit_id = :unit_id AND person_id = :person_id AND joined_on = :was_joined
               AND joined_on <> :joined
        """),
        values,
    )
    # The category that the enrolment stated holds from its first month on.
    await tx.execute(
        text("""
            UPDATE enrolment_category
               SET from_period = :period
             WHERE unit_id = :unit_id AND person_id = :person_id AND joined_on = :joined
               AND joining AND from_period > :period
        """),
        values | {"period": str(Period.of(made.now_joined_on))},
    )
    return True


async def insert(tx: AsyncConnection, made: CoverCorrection) -> None:
    """Record a correction."""
    await tx.execute(
        text("""
            INSERT INTO cover_correction (unit_id, id, person_id, was_joined_on, was_left_on,
                                          now_joined_on, now_left_on, reason, document)
            VALUES (:unit_id, :id, :person_id, :was_joined_on, :was_left_on, :now_joined_on,
                    :now_left_on, :reason, :document)
        """),
        {
            "unit_id": made.unit_id,
            "id": made.id,
            "person_id": made.person_id,
            "was_joined_on": made.was_joined_on,
            "was_left_on": made.was_left_on,
            "now_joined_on": made.now_joined_on,
            "now_left_on": made.now_left_on,
            "reason": made.reason,
            "document": made.document,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverCorrectionRecord(CoverCorrection):
    """A correction as lists show it, with the person masked."""

    person_uuid: UUID
    masked_number: str
    masked_name: str


async def page(
    tx: AsyncConnection, unit_id: int, after: UUID | None, limit: int
) -> list[CoverCorrectionRecord]:
    """Read a unit's corrections in the order in which they were made."""
    return await read_page(
        tx,
        """
            SELECT made.unit_id, made.id, made.person_id, made.was_joined_on, made.was_left_on,
                   made.now_joined_on, made.now_left_on, made.reason, made.document,
                   made.corrected_at, known.person_uuid, known.masked_number, known.masked_name
              FROM cover_correction AS made
             CROSS JOIN LATERAL (
                   SELECT person_uuid, masked_number, masked_name
                     FROM enrolment
                    WHERE enrolment.unit_id = :unit_id
                      AND enrolment.person_id = made.person_id
                    ORDER BY joined_on DESC
                    LIMIT 1) AS known
        """,
        key=("made.id",),
        after=None if after is None else (after,),
        limit=limit,
        row=CoverCorrectionRecord,
        where={"made.unit_id = :unit_id": {"unit_id": unit_id}},
    )
