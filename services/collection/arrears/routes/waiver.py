"""Doors of waivers of late fees and interest (减免)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.waiver import WaiverState
from services.collection.arrears.flows import waiver as waiver_flow
from services.collection.arrears.schemas.waiver import (
    WaiverDecisionIn,
    WaiverIn,
    WaiverOut,
    WaiverPageOut,
    WaiverReasonOut,
    WaiverReasonsOut,
    WaiverRefusalIn,
)
from services.collection.arrears.store import waiver as waiver_store
from services.collection.arrears.store import waiver_reason as waiver_reason_store
from services.collection.common.schemas.common import TrailOut
from services.collection.register.routes.page import page_of
from shared import trail
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode

router = APIRouter(tags=["arrears"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Approving = Annotated[Door, door(Right.APPROVE_WAIVER)]


@router.post(
    "/v1/bills/{bill}/waivers",
    operation_id="request_waiver",
    summary="申请减免滞纳金、利息 · Ask for a waiver",
    status_code=201,
    response_model=WaiverOut,
)
async def request_waiver(
    bill: RefPath, body: WaiverIn, at: Annotated[Door, door(Right.REQUEST_WAIVER)]
) -> Response:
    """Of what is open of a charge bill, in full or in part; nothing changes until it is approved."""
    ref = Ref.parse(Reference.BILL, bill)

    async def work(tx: AsyncConnection) -> WaiverOut:
        return WaiverOut.of(await waiver_flow.file(tx, ref, body.asked(), at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/waivers/{waiver}/approvals",
    operation_id="approve_waiver",
    summary="批准减免 · Approve a waiver",
    status_code=201,
    response_model=WaiverOut,
)
async def approve_waiver(waiver: RefPath, body: WaiverDecisionIn, at: Approving) -> Response:
    """By another person of the centre; the bill asks for less, and the memo book says so."""
    ref = Ref.parse(Reference.WAIVER, waiver)

    async def work(tx: AsyncConnection) -> WaiverOut:
        return WaiverOut.of(await waiver_flow.approve(tx, ref, body.decided_on, at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/waivers/{waiver}/refusals",
    operation_id="refuse_waiver",
    summary="不予减免 · Refuse a waiver",
    status_code=201,
    response_model=WaiverOut,
)
async def refuse_waiver(waiver: RefPath, body: WaiverRefusalIn, at: Approving) -> Response:
    """By another person of the centre."""
    ref = Ref.parse(Reference.WAIVER, waiver)

    async def work(tx: AsyncConnection) -> WaiverOut:
        return WaiverOut.of(await waiver_flow.refuse(tx, ref, body.decided_on, body.why, at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.get("/v1/waivers", operation_id="list_waivers", summary="减免列表 · Waivers")
async def list_waivers(
    at: Reading,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: WaiverState | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> WaiverPageOut:
    """Of a unit, a district, or all; district people see their own."""
    asked = at.caller.scope(district)
    filters = {"of": "waivers", "unit": credit_code, "in": asked, "status": status}
    read = partial(
        waiver_store.page, district=asked, status=None if status is None else status.value
    )
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return WaiverPageOut(
        items=[WaiverOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get("/v1/waivers/{waiver}", operation_id="get_waiver", summary="减免 · One waiver")
async def get_waiver(waiver: RefPath, at: Reading) -> WaiverOut:
    """What it takes off each line, by which reason and evidence."""
    ref = Ref.parse(Reference.WAIVER, waiver)

    async def work(tx: AsyncConnection) -> WaiverOut:
        return WaiverOut.of(await waiver_flow.find(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/waivers/{waiver}/trail",
    operation_id="get_waiver_trail",
    summary="办理轨迹 · Its trail",
)
async def get_waiver_trail(waiver: RefPath, at: Reading) -> TrailOut:
    """Who asked and who decided."""
    ref = Ref.parse(Reference.WAIVER, waiver)

    async def work(tx: AsyncConnection) -> TrailOut:
        found = await waiver_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, found.unit_id, found.id))

    return await at.read(work)


@router.get(
    "/v1/waiver-reasons",
    operation_id="list_waiver_reasons",
    summary="减免原因代码 · Reasons of waivers",
)
async def list_waiver_reasons(_: Reading) -> WaiverReasonsOut:
    """The whole catalogue, with days and sources."""
    return WaiverReasonsOut(
        items=[WaiverReasonOut.of(row) for row in waiver_reason_store.waiver_reasons()]
    )
