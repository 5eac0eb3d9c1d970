"""Doors of agreements on arrears: deferrals (缓缴) and repayment plans (还款协议)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.agreement import AgreementState
from services.collection.arrears.flows import agreement as agreement_flow
from services.collection.arrears.flows.agreement import AgreementProgress
from services.collection.arrears.schemas.agreement import (
    AgreementEndIn,
    AgreementIn,
    AgreementOut,
    AgreementPageOut,
    AgreementRefusalIn,
)
from services.collection.arrears.store import agreement as agreement_store
from services.collection.common.schemas.common import Day, TrailOut
from services.collection.register.flows import unit as unit_flow
from services.collection.register.routes.page import read_key
from shared import trail
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode

router = APIRouter(tags=["arrears"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Approving = Annotated[Door, door(Right.APPROVE_AGREEMENT)]


@router.post(
    "/v1/agreements",
    operation_id="file_agreement",
    summary="申请缓缴或还款协议 · File an agreement",
    status_code=201,
    response_model=AgreementOut,
)
async def file_agreement(
    body: AgreementIn, at: Annotated[Door, door(Right.FILE_AGREEMENT)]
) -> Response:
    """By the unit's district; it protects from late charges when the centre has approved it."""

    async def work(tx: AsyncConnection) -> AgreementOut:
        region = at.request.app.state.settings.region
        found = await agreement_flow.file(tx, body.filing(), region=region, caller=at.caller)
        return AgreementOut.of(found, today())

    return await at.write(work, key=unit_key(body.credit_code), status=201)


@router.post(
    "/v1/agreements/{agreement}/approvals",
    operation_id="approve_agreement",
    summary="批准协议 · Approve an agreement",
    status_code=201,
    response_model=AgreementOut,
)
async def approve_agreement(agreement: RefPath, at: Approving) -> Response:
    """By another person than its filer."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)

    async def work(tx: AsyncConnection) -> AgreementOut:
        return AgreementOut.of(await agreement_flow.approve(tx, ref, at.caller), today())

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/agreements/{agreement}/refusals",
    operation_id="refuse_agreement",
    summary="不予批准 · Refuse an agreement",
    status_code=201,
    response_model=AgreementOut,
)
async def refuse_agreement(agreement: RefPath, body: AgreementRefusalIn, at: Approving) -> Response:
    """By another person than its filer."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)

    async def work(tx: AsyncConnection) -> AgreementOut:
        return AgreementOut.of(await agreement_flow.refuse(tx, ref, body.why, at.caller), today())

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/agreements/{agreement}/endings",
    operation_id="end_agreement",
    summary="终止协议 · End an agreement before its time",
    status_code=201,
    response_model=AgreementOut,
)
async def end_agreement(agreement: RefPath, body: AgreementEndIn, at: Approving) -> Response:
    """What it protected until that day stays protected."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)

    async def work(tx: AsyncConnection) -> AgreementOut:
        found = await agreement_flow.end(tx, ref, body.ended_on, body.why, at.caller)
        return AgreementOut.of(found, today())

    return await at.write(work, key=ref.key, status=201)


@router.get("/v1/agreements", operation_id="list_agreements", summary="协议列表 · Agreements")
async def list_agreements(
    at: Reading,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: AgreementState | None = None,
    as_of: Annotated[Day | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> AgreementPageOut:
    """Of a unit, a district, or all, as they stood on a day; district people see their own."""
    asked = at.caller.scope(district)
    filters = {"of": "agreements", "unit": credit_code, "in": asked, "status": status}
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> list[AgreementProgress]:
        if credit_code is not None:
            await unit_flow.find(tx, credit_code, at.caller)
        rows = await agreement_store.page(
            tx,
            unit_id=None if credit_code is None else unit_key(credit_code),
            district=asked,
            status=None if status is None else status.value,
            after=after,
            limit=limit + 1,
        )
        return await agreement_flow.with_paid(tx, rows)

    rows, following = cut(
        await at.read(work),
        limit,
        lambda found: [found.agreement.unit_id, found.agreement.id.hex],
        filters,
    )
    return AgreementPageOut(
        items=[AgreementOut.of(found, as_of or today()) for found in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/agreements/{agreement}", operation_id="get_agreement", summary="协议 · One agreement"
)
async def get_agreement(
    agreement: RefPath, at: Reading, as_of: Annotated[Day | None, Query()] = None
) -> AgreementOut:
    """As it stood on a day (today when not said): what it protects, and whether it is broken."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)

    async def work(tx: AsyncConnection) -> AgreementProgress:
        return await agreement_flow.find(tx, ref, at.caller)

    return AgreementOut.of(await at.read(work), as_of or today())


@router.get(
    "/v1/agreements/{agreement}/trail",
    operation_id="get_agreement_trail",
    summary="办理轨迹 · Its trail",
)
async def get_agreement_trail(agreement: RefPath, at: Reading) -> TrailOut:
    """Who filed, approved and ended it."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)

    async def work(tx: AsyncConnection) -> TrailOut:
        found = await agreement_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, found.agreement.unit_id, found.agreement.id))

    return await at.read(work)
