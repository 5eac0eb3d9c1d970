"""Doors of meetings that approve applications, their postings, and objections."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.qualifications.flows import meeting as meeting_flow
from services.payout.qualifications.flows import posting as posting_flow
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.routes.qualification import (
    checking_context,
    retirement_records,
)
from services.payout.qualifications.schemas.posting import (
    ObjectionDecisionIn,
    ObjectionIn,
    ObjectionOut,
    QualificationMeetingIn,
    QualificationMeetingOut,
    QualificationPostingOut,
)
from services.payout.qualifications.schemas.printed import posting_page
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter
from shared.web.html import SAFE

router = DoorRouter(tags=["qualifications"])


@router.post(
    "/v1/qualification-meetings",
    operation_id="hold_qualification_meeting",
    summary="会审 · Approve applications as a meeting, and open their pensions",
    status_code=201,
    response_model=QualificationMeetingOut,
)
async def hold_qualification_meeting(
    body: QualificationMeetingIn, at: Annotated[Door, door(Right.SIGN_THIRD)]
) -> Response:
    """Take the fourth step of many applications, all or none. The records are read once more; the
    pensions are opened with the computed amounts, and the people are posted."""
    context, refs = checking_context(at), body.refs()
    ids = [ref.id for ref in refs]
    papers = await at.read(
        lambda tx: qualification_flow.to_check(
            tx, body.district, ids, limit=len(ids), caller=at.caller
        )
    )
    people = [qualification_flow.person_ref(paper.person_id, paper.blind) for paper in papers]
    known = await retirement_records(at.request).of_all(people, context.today)
    meeting = meeting_flow.draft_meeting(
        body.district, body.held_on, body.document, len(ids), at.caller
    )

    async def work(tx: AsyncConnection) -> QualificationMeetingOut:
        held = await meeting_flow.hold(tx, meeting, ids, known, at=context)
        return QualificationMeetingOut.of(held)

    return await at.write(work, key=meeting.ref.key, status=201)


@router.get(
    "/v1/qualification-meetings",
    operation_id="list_qualification_meetings",
    summary="会审清单 · Meetings",
)
async def list_qualification_meetings(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[QualificationMeetingOut]:
    """List meetings in order; district people see their own district's."""
    columns = {"district": at.caller.scope(district)}
    filters = {"list": "qualification_meetings"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: meeting_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda meeting: [meeting.ref.id.hex], filters)
    return Page[QualificationMeetingOut].of(
        [QualificationMeetingOut.of(meeting) for meeting in shown], next_cursor
    )


@router.get(
    "/v1/qualification-meetings/{meeting}/posting",
    operation_id="get_qualification_posting",
    summary="公示名单 · The posting of a meeting's people",
)
async def get_qualification_posting(
    meeting: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> QualificationPostingOut:
    """Read a posting: masked names, its days, and the number of objections to each person."""
    ref = Ref.parse(Reference.QUALIFICATION_MEETING, meeting)
    found = await at.read(lambda tx: posting_flow.posting(tx, ref, caller=at.caller))
    return QualificationPostingOut.of(found, person_keys(at.request))


@router.get(
    "/v1/qualification-meetings/{meeting}/posting/print",
    operation_id="print_qualification_posting",
    summary="打印公示名单 · Print a posting",
    response_class=HTMLResponse,
)
async def print_qualification_posting(
    meeting: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> HTMLResponse:
    """Print a posting: masked names and no amounts."""
    ref = Ref.parse(Reference.QUALIFICATION_MEETING, meeting)
    found = await at.read(lambda tx: posting_flow.posting(tx, ref, caller=at.caller))
    return HTMLResponse(posting_page(found, person_keys(at.request)), headers=SAFE)


@router.post(
    "/v1/qualifications/{qualification}/objections",
    operation_id="record_qualification_objection",
    summary="登记公示异议 · Record an objection to a posted person",
    status_code=201,
    response_model=ObjectionOut,
)
async def record_qualification_objection(
    qualification: RefPath,
    body: ObjectionIn,
    at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)],
) -> Response:
    """Record an objection; another person decides it."""
    ref = Ref.parse(Reference.QUALIFICATION, qualification)

    async def work(tx: AsyncConnection) -> ObjectionOut:
        objection = await posting_flow.record_objection(
            tx, ref, body.received_on, body.content, today=today(), caller=at.caller
        )
        return ObjectionOut.of(objection)

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/qualification-objections/{objection}/decisions",
    operation_id="decide_qualification_objection",
    summary="公示异议处理 · Decide an objection",
    status_code=201,
    response_model=ObjectionOut,
)
async def decide_qualification_objection(
    objection: RefPath,
    body: ObjectionDecisionIn,
    at: Annotated[Door, door(Right.SIGN_FIRST)],
) -> Response:
    """Decide an objection. An upheld one is followed by a paper that suspends or ends the pension."""
    ref = Ref.parse(Reference.QUALIFICATION_OBJECTION, objection)

    async def work(tx: AsyncConnection) -> ObjectionOut:
        decided = await posting_flow.decide_objection(
            tx, ref, body.decision, body.note, caller=at.caller
        )
        return ObjectionOut.of(decided)

    return await at.write(work, key=ref.key, status=201)
