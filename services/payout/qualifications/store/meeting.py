"""Meetings and objections in the database, under the key of their district."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.qualifications.domain.posting import (
    ObjectionStatus,
    PostingObjection,
    QualificationMeeting,
)
from shared.ids import Ref
from shared.page import read_page

_MEETING: Final = "meeting_key, id, district, held_on, document, people, posted_until, held_by"
_OBJECTION: Final = """objection_key, id, qualification_id, received_on, content, status, note,
                       recorded_by, decided_by"""


def _meeting(*, meeting_key: int, id: UUID, **columns: Any) -> QualificationMeeting:
    return QualificationMeeting(ref=Ref(meeting_key, id), **columns)


def _objection(
    *, objection_key: int, id: UUID, qualification_id: UUID, status: str, **columns: Any
) -> PostingObjection:
    return PostingObjection(
        ref=Ref(objection_key, id),
        qualification=Ref(objection_key, qualification_id),
        status=ObjectionStatus(status),
        **columns,
    )


async def insert(tx: AsyncConnection, meeting: QualificationMeeting) -> None:
    """Store a meeting."""
    await tx.execute(
        text(f"""
            INSERT INTO qualification_meeting ({_MEETING})
            VALUES (:meeting_key, :id, :district, :held_on, :document, :people, :posted_until,
                    :held_by)
        """),
        {
            "meeting_key": meeting.ref.key,
            "id": meeting.ref.id,
            "district": meeting.district,
            "held_on": meeting.held_on,
            "document": meeting.document,
            "people": meeting.people,
            "posted_until": meeting.posted_until,
            "held_by": meeting.held_by,
        },
    )


async def load(tx: AsyncConnection, ref: Ref) -> QualificationMeeting | None:
    """Read a meeting."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_MEETING}
                  FROM qualification_meeting
                 WHERE meeting_key = :meeting_key AND id = :id
            """),
            {"meeting_key": ref.key, "id": ref.id},
        )
    ).first()
    return _meeting(**row._mapping) if row else None


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[QualificationMeeting]:
    """Read meetings by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_MEETING} FROM qualification_meeting",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_meeting,
        equal=filters,
    )


async def insert_objection(tx: AsyncConnection, objection: PostingObjection) -> None:
    """Store an objection."""
    await tx.execute(
        text("""
            INSERT INTO qualification_objection (objection_key, id, qualification_id, received_on,
                                                 content, recorded_by)
            VALUES (:objection_key, :id, :qualification_id, :received_on, :content, :recorded_by)
        """),
        {
            "objection_key": objection.ref.key,
            "id": objection.ref.id,
            "qualification_id": objection.qualification.id,
            "received_on": objection.received_on,
            "content": objection.content,
            "recorded_by": objection.recorded_by,
        },
    )


async def lock_objection(tx: AsyncConnection, ref: Ref) -> PostingObjection | None:
    """Read and lock an objection."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_OBJECTION}
                  FROM qualification_objection
                 WHERE objection_key = :objection_key AND id = :id
                   FOR UPDATE
            """),
            {"objection_key": ref.key, "id": ref.id},
        )
    ).first()
    return _objection(**row._mapping) if row else None


async def decide_objection(
    tx: AsyncConnection, ref: Ref, status: ObjectionStatus, note: str, decided_by: str
) -> None:
    """Store the decision about an open objection."""
    await tx.execute(
        text("""
            UPDATE qualification_objection
               SET status = :status, note = :note, decided_by = :decided_by,
                   decided_at = now()
             WHERE objection_key = :objection_key AND id = :id AND status = 'open'
        """),
        {
            "objection_key": ref.key,
            "id": ref.id,
            "status": status,
            "note": note,
            "decided_by": decided_by,
        },
    )


async def objections(tx: AsyncConnection, qualification: Ref) -> list[PostingObjection]:
    """Read the objections to one application, oldest first."""
    rows = await tx.execute(
        text(f"""
            SELECT {_OBJECTION}
              FROM qualification_objection
             WHERE objection_key = :objection_key AND qualification_id = :qualification_id
             ORDER BY id
             LIMIT 1000
        """),
        {"objection_key": qualification.key, "qualification_id": qualification.id},
    )
    return [_objection(**row._mapping) for row in rows]


async def objections_of(tx: AsyncConnection, meeting: Ref) -> dict[UUID, int]:
    """Count the objections to the people of a meeting, by application."""
    rows = await tx.execute(
        text("""
            SELECT paper.id, count(*) AS objections
              FROM qualification AS paper
              JOIN qualification_objection AS objection
                ON objection.objection_key = paper.qualification_key
               AND objection.qualification_id = paper.id
             WHERE paper.qualification_key = :qualification_key AND paper.meeting_id = :meeting_id
             GROUP BY paper.id
        """),
        {"qualification_key": meeting.key, "meeting_id": meeting.id},
    )
    return {row.id: row.objections for row in rows}
