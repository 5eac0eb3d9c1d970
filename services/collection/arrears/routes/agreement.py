"""Doors of agreements on arrears: deferrals (缓缴) and repayment plans (还款协议)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.arrears.domain.agreement import AgreementState
from services.collection.arrears.flows import agreement as agreement_flow
from services.collection.arrears.schemas.agreement import (
    AgreementEndIn,
    AgreementIn,
    AgreementOut,
    AgreementRefusalIn,
)
from services.collection.common.schemas.common import Day, TrailOut
from services.collection.register.routes.page import page_of
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]
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
    """File an agreement, as the unit's district. It takes effect when the centre approves it."""
    return await at.write(
        lambda tx: agreement_flow.file(tx, body.request(), region=at.region, caller=at.caller),
        shape=AgreementOut.of,
        key=unit_key(body.credit_code),
        status=201,
    )


@router.post(
    "/v1/agreements/{agreement}/approvals",
    operation_id="approve_agreement",
    summary="批准协议 · Approve an agreement",
    status_code=201,
    response_model=AgreementOut,
)
async def approve_agreement(agreement: RefPath, at: Approving) -> Response:
    """Approve an agreement, as another person than its filer."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)
    return await at.write(
        lambda tx: agreement_flow.approve(tx, ref, at.caller),
        shape=AgreementOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/agreements/{agreement}/refusals",
    operation_id="refuse_agreement",
    summary="不予批准 · Refuse an agreement",
    status_code=201,
    response_model=AgreementOut,
)
async def refuse_agreement(agreement: RefPath, body: AgreementRefusalIn, at: Approving) -> Response:
    """Refuse an agreement, as another person than its filer."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)
    return await at.write(
        lambda tx: agreement_flow.refuse(tx, ref, body.why, at.caller),
        shape=AgreementOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/agreements/{agreement}/endings",
    operation_id="end_agreement",
    summary="终止协议 · End an agreement early",
    status_code=201,
    response_model=AgreementOut,
)
async def end_agreement(agreement: RefPath, body: AgreementEndIn, at: Approving) -> Response:
    """End an agreement early. It still protects the days up to and including its last day."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)
    return await at.write(
        lambda tx: agreement_flow.end(tx, ref, body.ended_on, body.why, at.caller),
        shape=AgreementOut.of,
        key=ref.key,
        status=201,
    )


@router.get("/v1/agreements", operation_id="list_agreements", summary="协议列表 · List agreements")
async def list_agreements(
    at: Listing,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: AgreementState | None = None,
    as_of: Annotated[Day | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[AgreementOut]:
    """List agreements of a unit, of a district or of all, as of a day (today by default).

    District staff see their own district.
    """
    scope = at.caller.scope(district)
    filters = {"of": "agreements", "unit": credit_code, "in": scope, "status": status}
    read = partial(agreement_flow.page, district=scope, status=status and status.value)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    day = as_of or today()
    return Page[AgreementOut].of([AgreementOut.of(row, day) for row in rows], following)


@router.get(
    "/v1/agreements/{agreement}", operation_id="get_agreement", summary="协议 · Get an agreement"
)
async def get_agreement(
    agreement: RefPath, at: Reading, as_of: Annotated[Day | None, Query()] = None
) -> AgreementOut:
    """Get an agreement as of a day (today by default): what it protects, and whether it is broken."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)
    found = await at.read(lambda tx: agreement_flow.find(tx, ref, at.caller))
    return AgreementOut.of(found, as_of or today())


@router.get(
    "/v1/agreements/{agreement}/trail",
    operation_id="get_agreement_trail",
    summary="办理轨迹 · Get an agreement's trail",
)
async def get_agreement_trail(agreement: RefPath, at: Reading) -> TrailOut:
    """Get who filed, approved and ended an agreement."""
    ref = Ref.parse(Reference.AGREEMENT, agreement)
    return TrailOut.of(await at.read(lambda tx: agreement_flow.trail_of(tx, ref, at.caller)))
