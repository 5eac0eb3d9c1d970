"""Doors of waivers of late fees and interest (减免)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.arrears.domain.waiver import WaiverState
from services.collection.arrears.flows import waiver as waiver_flow
from services.collection.arrears.schemas.waiver import (
    WaiverDecisionIn,
    WaiverIn,
    WaiverOut,
    WaiverReasonOut,
    WaiverReasonsOut,
    WaiverRefusalIn,
)
from services.collection.common.schemas.common import TrailOut
from services.collection.register.routes.page import page_of
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]
Approving = Annotated[Door, door(Right.APPROVE_WAIVER)]


@router.post(
    "/v1/bills/{bill}/waivers",
    operation_id="request_waiver",
    summary="申请减免滞纳金、利息 · Request a waiver",
    status_code=201,
    response_model=WaiverOut,
)
async def request_waiver(
    bill: RefPath, body: WaiverIn, at: Annotated[Door, door(Right.REQUEST_WAIVER)]
) -> Response:
    """Request a waiver of the open amount of a charge bill, in full or in part.

    Nothing changes until the waiver is approved.
    """
    ref = Ref.parse(Reference.BILL, bill)
    return await at.write(
        lambda tx: waiver_flow.file(tx, ref, body.request(), at.caller),
        shape=WaiverOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/waivers/{waiver}/approvals",
    operation_id="approve_waiver",
    summary="批准减免 · Approve a waiver",
    status_code=201,
    response_model=WaiverOut,
)
async def approve_waiver(waiver: RefPath, body: WaiverDecisionIn, at: Approving) -> Response:
    """Approve a waiver, as another person of the centre. The bill is lower from now on."""
    ref = Ref.parse(Reference.WAIVER, waiver)
    return await at.write(
        lambda tx: waiver_flow.approve(tx, ref, body.decided_on, at.caller),
        shape=WaiverOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/waivers/{waiver}/refusals",
    operation_id="refuse_waiver",
    summary="不予减免 · Refuse a waiver",
    status_code=201,
    response_model=WaiverOut,
)
async def refuse_waiver(waiver: RefPath, body: WaiverRefusalIn, at: Approving) -> Response:
    """Refuse a waiver, as another person of the centre."""
    ref = Ref.parse(Reference.WAIVER, waiver)
    return await at.write(
        lambda tx: waiver_flow.refuse(tx, ref, body.decided_on, body.why, at.caller),
        shape=WaiverOut.of,
        key=ref.key,
        status=201,
    )


@router.get("/v1/waivers", operation_id="list_waivers", summary="减免列表 · List waivers")
async def list_waivers(
    at: Listing,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: WaiverState | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[WaiverOut]:
    """List waivers of a unit, of a district or of all. District staff see their own district."""
    scope = at.caller.scope(district)
    filters = {"of": "waivers", "unit": credit_code, "in": scope, "status": status}
    read = partial(waiver_flow.page, district=scope, status=status and status.value)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return Page[WaiverOut].of([WaiverOut.of(row) for row in rows], following)


@router.get("/v1/waivers/{waiver}", operation_id="get_waiver", summary="减免 · Get a waiver")
async def get_waiver(waiver: RefPath, at: Reading) -> WaiverOut:
    """Get a waiver with the amount that it takes off each line."""
    ref = Ref.parse(Reference.WAIVER, waiver)
    return WaiverOut.of(await at.read(lambda tx: waiver_flow.find(tx, ref, at.caller)))


@router.get(
    "/v1/waivers/{waiver}/trail",
    operation_id="get_waiver_trail",
    summary="办理轨迹 · Get a waiver's trail",
)
async def get_waiver_trail(waiver: RefPath, at: Reading) -> TrailOut:
    """Get who requested a waiver and who decided it."""
    ref = Ref.parse(Reference.WAIVER, waiver)
    return TrailOut.of(await at.read(lambda tx: waiver_flow.trail_of(tx, ref, at.caller)))


@router.get(
    "/v1/waiver-reasons",
    operation_id="list_waiver_reasons",
    summary="减免原因代码 · List the reasons for waivers",
)
async def list_waiver_reasons(
    at: Annotated[Door, door(Right.READ_COLLECTION, any_unit=True)],
) -> WaiverReasonsOut:
    """List the whole catalogue of reasons, with their days and sources."""
    return WaiverReasonsOut(
        items=[WaiverReasonOut.of(row) for row in await at.read(waiver_flow.reasons)]
    )
