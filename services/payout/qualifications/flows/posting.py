"""Postings of a meeting's people, objections to them, and notices of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.flows import PersonKeys
from services.payout.qualifications.domain.posting import (
    OBJECTION_PAPER,
    ObjectionDecided,
    ObjectionStatus,
    ObjectionUnknown,
    PostingObjection,
    QualificationMeeting,
    require_received,
)
from services.payout.qualifications.domain.qualification import (
    Qualification,
    QualificationNotApproved,
)
from services.payout.qualifications.domain.result_notice import ResultNotice, result_notice
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.store import meeting as meeting_store
from services.payout.qualifications.store import qualification as qualification_store
from services.payout.qualifications.store import result_notice as result_notice_store
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller

POSTED_MAX = 1000


@dataclass(frozen=True, slots=True)
class QualificationPosting:
    """A meeting's posting: its people, and the number of objections by application."""

    meeting: QualificationMeeting
    people: list[Qualification]
    objections: Mapping[UUID, int]


async def posting(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> QualificationPosting:
    """Read the posting of a meeting that the caller may see.

    Raises:
        NotFound: no such meeting. Forbidden: another district's.
    """
    meeting = await meeting_store.load(tx, ref)
    if meeting is None:
        raise NotFound(qualification_meeting=ref.text(Reference.QUALIFICATION_MEETING))
    caller.require_district(meeting.district)
    people = await qualification_store.of_meeting(tx, ref, POSTED_MAX)
    return QualificationPosting(meeting, people, await meeting_store.objections_of(tx, ref))


async def record_objection(
    tx: AsyncConnection,
    ref: Ref,
    received_on: date,
    content: str,
    *,
    today: date,
    caller: Caller,
) -> PostingObjection:
    """Record an objection to an approved application.

    Raises:
        NotFound, Forbidden: see `qualification_flow.find`.
        QualificationNotApproved: it was not posted. ReceivedBeforePosting: the day is wrong.
    """
    paper = await qualification_flow.find(tx, ref, caller=caller)
    meeting = None if paper.meeting is None else await meeting_store.load(tx, paper.meeting)
    if meeting is None:
        raise QualificationNotApproved(status=paper.status.value)
    require_received(received_on, meeting, today)
    objection = PostingObjection(
        ref=Ref.new(ref.key),
        qualification=ref,
        received_on=received_on,
        content=content,
        status=ObjectionStatus.OPEN,
        note=None,
        recorded_by=caller.subject,
        decided_by=None,
    )
    await meeting_store.insert_objection(tx, objection)
    await _record(tx, objection.ref, "recorded", caller, why=content)
    return objection


async def decide_objection(
    tx: AsyncConnection, ref: Ref, status: ObjectionStatus, note: str, *, caller: Caller
) -> PostingObjection:
    """Decide an objection as another person than its recorder.

    An upheld one changes no money by itself: the pension is suspended or ended by its own paper.

    Raises:
        ObjectionUnknown: no such objection. Forbidden: another district's.
        ObjectionDecided: it is decided already. SamePersonTwice: the caller recorded it.
    """
    objection = await meeting_store.lock_objection(tx, ref)
    if objection is None:
        raise ObjectionUnknown(objection=ref.text(Reference.QUALIFICATION_OBJECTION))
    await qualification_flow.find(tx, objection.qualification, caller=caller)
    if objection.status is not ObjectionStatus.OPEN:
        raise ObjectionDecided(status=objection.status.value)
    await _record(tx, ref, status.value, caller, why=note)
    await meeting_store.decide_objection(tx, ref, status, note, caller.subject)
    return replace(objection, status=status, note=note, decided_by=caller.subject)


async def objections(tx: AsyncConnection, ref: Ref) -> list[PostingObjection]:
    """Read the objections to an application."""
    return await meeting_store.objections(tx, ref)


async def notice(
    tx: AsyncConnection, ref: Ref, *, keys: PersonKeys, caller: Caller
) -> ResultNotice:
    """Write the notice of a decided application; the trail keeps who has read the whole name.

    Raises:
        NotFound, Forbidden: see `qualification_flow.find`.
        QualificationNotDecided, ResultNoticeTextMissing: see `result_notice`.
    """
    paper = await qualification_flow.find(tx, ref, caller=caller)
    decided_on = await qualification_store.decided_on(tx, ref)
    written = result_notice(
        paper,
        keys.name.open(paper.name),
        keys.mask(paper.sealed_number),
        decided_on or paper.outcome.checked_on,
        result_notice_store.texts(),
    )
    await qualification_flow.record(tx, [paper], "notice_read", caller, signs=False)
    return written


async def _record(tx: AsyncConnection, ref: Ref, step: str, caller: Caller, *, why: str) -> None:
    first = trail.Step(
        shard_key=ref.key, paper=OBJECTION_PAPER, paper_id=ref.id, step=step, signs=True, why=why
    )
    await trail.record(tx, first, caller)
