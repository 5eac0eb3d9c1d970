"""Doors of inspection cases (稽核): open, find, give notice, hear, decide; look up."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.inspections.domain.case import Inspection, InspectionStatus
from services.collection.inspections.flows import case as inspection_flow
from services.collection.inspections.schemas.case import (
    DecisionApprovalIn,
    DecisionProposalIn,
    DecisionReturnIn,
    FindingsIn,
    InspectionDetailOut,
    InspectionIn,
    InspectionNoticeIn,
    InspectionOut,
    ObjectionIn,
)
from services.collection.register.routes.page import CreditCodePath, page_of
from shared import trail
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath, UnitFilter
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["inspections"])
Opening = Annotated[Door, door(Right.OPEN_INSPECTION)]
Proposing = Annotated[Door, door(Right.PROPOSE_INSPECTION)]
Deciding = Annotated[Door, door(Right.DECIDE_INSPECTION)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/units/{credit_code}/inspections",
    operation_id="open_inspection",
    summary="稽核立案 · Open an inspection case on a unit",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def open_inspection(credit_code: CreditCodePath, body: InspectionIn, at: Opening) -> Response:
    """Open a case. Its opener neither decides nor closes it."""
    return await at.write(
        lambda tx: inspection_flow.open_case(
            tx, credit_code, body.opening(), today=today(), caller=at.caller
        ),
        shape=InspectionDetailOut.of,
        key=unit_key(credit_code),
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/findings",
    max_body_size=BULK_BYTES,
    operation_id="add_inspection_findings",
    summary="登记稽核发现 · Add findings by person and month",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def add_inspection_findings(inspection: RefPath, body: FindingsIn, at: Opening) -> Response:
    """Add findings, all or none. A person's month, or a line of a claim, is found once in a case."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    identity: Identity = at.request.app.state.identity
    drafts = [finding.draft() for finding in body.findings]
    return await at.write(
        lambda tx: inspection_flow.add_findings(
            tx, ref, drafts, pepper=identity.pepper, caller=at.caller
        ),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/notices",
    operation_id="give_inspection_notice",
    summary="送达稽核意见书 · Give the unit notice of the findings",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def give_inspection_notice(
    inspection: RefPath, _: InspectionNoticeIn, at: Opening
) -> Response:
    """Give notice; the days for an objection begin, by the rule of the day."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    return await at.write(
        lambda tx: inspection_flow.give_notice(tx, ref, today=today(), caller=at.caller),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/objections",
    operation_id="object_to_inspection",
    summary="陈述申辩 · Object to the findings",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def object_to_inspection(
    inspection: RefPath,
    body: ObjectionIn,
    at: Annotated[Door, door(Right.SUBMIT_DECLARATION)],
) -> Response:
    """Record the unit's objection, from its portal or by the clerk, while its days run."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    return await at.write(
        lambda tx: inspection_flow.object_to(
            tx, ref, body.content, body.document, today=today(), caller=at.caller
        ),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/decisions",
    operation_id="propose_inspection_decision",
    summary="拟定处理决定 · Propose the decision",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def propose_inspection_decision(
    inspection: RefPath, body: DecisionProposalIn, at: Proposing
) -> Response:
    """Propose which findings are upheld, after the hearing; another person approves."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    dropped = {one.finding: one.reason for one in body.dropped}
    return await at.write(
        lambda tx: inspection_flow.propose(
            tx, ref, dropped, body.note, today=today(), caller=at.caller
        ),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/approvals",
    operation_id="approve_inspection_decision",
    summary="批准处理决定 · Approve the decision",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def approve_inspection_decision(
    inspection: RefPath, _: DecisionApprovalIn, at: Deciding
) -> Response:
    """Approve the decision, as a third person."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    return await at.write(
        lambda tx: inspection_flow.approve(tx, ref, today=today(), caller=at.caller),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/returns",
    operation_id="return_inspection_decision",
    summary="退回处理决定 · Send the proposed decision back",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def return_inspection_decision(
    inspection: RefPath, body: DecisionReturnIn, at: Deciding
) -> Response:
    """Send a proposed decision back with the reason; another one may be proposed."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    return await at.write(
        lambda tx: inspection_flow.send_back(tx, ref, body.note, caller=at.caller),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/inspections",
    operation_id="list_inspections",
    summary="稽核案件清单 · Inspection cases",
)
async def list_inspections(
    at: Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)],
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: InspectionStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[InspectionOut]:
    """List cases; district people see their own district's."""
    columns = {
        "district": at.caller.scope(district),
        "status": None if status is None else status.value,
    }

    async def read(
        tx: AsyncConnection, *, unit_id: UnitFilter, after: tuple[int, UUID], limit: int
    ) -> list[Inspection]:
        return await inspection_flow.page(tx, columns, unit_id=unit_id, after=after, limit=limit)

    rows, following = await page_of(
        at,
        read,
        credit_code=credit_code,
        filters={"of": "inspections", "unit": credit_code} | columns,
        limit=limit,
        cursor=cursor,
    )
    return Page[InspectionOut].of([InspectionOut.of(row) for row in rows], following)


@router.get(
    "/v1/inspections/{inspection}",
    operation_id="get_inspection",
    summary="稽核案件 · An inspection case",
)
async def get_inspection(inspection: RefPath, at: Reading) -> InspectionDetailOut:
    """Read a case with its findings, objections and declarations."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    return InspectionDetailOut.of(
        await at.read(lambda tx: inspection_flow.find(tx, ref, at.caller))
    )


@router.get(
    "/v1/inspections/{inspection}/trail",
    operation_id="get_inspection_trail",
    summary="稽核案件办理轨迹 · Who did what on a case",
)
async def get_inspection_trail(inspection: RefPath, at: Reading) -> TrailOut:
    """List every step on a case, oldest first."""
    ref = Ref.parse(Reference.INSPECTION, inspection)

    async def work(tx: AsyncConnection) -> TrailOut:
        await inspection_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, ref.key, ref.id))

    return await at.read(work)
