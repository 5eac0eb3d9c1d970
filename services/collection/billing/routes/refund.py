"""Doors of refunds of credits (退费)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.refund import RefundState
from services.collection.billing.flows import refund as refund_flow
from services.collection.billing.schemas.refund import (
    CreditRefundApprovalIn,
    CreditRefundHeadOut,
    CreditRefundIn,
    CreditRefundOut,
    CreditRefundPageOut,
    CreditRefundRefusalIn,
)
from services.collection.billing.store import refund as refund_store
from services.collection.common.schemas.common import TrailOut
from services.collection.register.routes.page import CreditCodePath, page_of
from shared import trail
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode

router = APIRouter(tags=["bills"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Approving = Annotated[Door, door(Right.APPROVE_CREDIT_REFUND)]


@router.post(
    "/v1/units/{credit_code}/credit-refunds",
    operation_id="request_credit_refund",
    summary="申请退费 · Ask for standing credits in money",
    status_code=201,
    response_model=CreditRefundOut,
)
async def request_credit_refund(
    credit_code: CreditCodePath,
    body: CreditRefundIn,
    at: Annotated[Door, door(Right.REQUEST_CREDIT_REFUND)],
) -> Response:
    """All that stands; nothing changes until it is approved, and a bill issued meanwhile uses it."""

    async def work(tx: AsyncConnection) -> CreditRefundOut:
        found = await refund_flow.request(tx, credit_code, body.requested_on, body.note, at.caller)
        return CreditRefundOut.whole(*found)

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.post(
    "/v1/credit-refunds/{refund}/approvals",
    operation_id="approve_credit_refund",
    summary="批准退费 · Approve a refund",
    status_code=201,
    response_model=CreditRefundOut,
)
async def approve_credit_refund(
    refund: RefPath, body: CreditRefundApprovalIn, at: Approving
) -> Response:
    """By another person of the centre; the credits are used by it, and the memo book says so. The
    money goes by the settlement that is named."""
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)

    async def work(tx: AsyncConnection) -> CreditRefundOut:
        found = await refund_flow.approve(tx, ref, body.decided_on, body.settlement, at.caller)
        return CreditRefundOut.whole(*found)

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/credit-refunds/{refund}/refusals",
    operation_id="refuse_credit_refund",
    summary="不予退费 · Refuse a refund",
    status_code=201,
    response_model=CreditRefundOut,
)
async def refuse_credit_refund(
    refund: RefPath, body: CreditRefundRefusalIn, at: Approving
) -> Response:
    """By another person of the centre; the credits go on standing."""
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)

    async def work(tx: AsyncConnection) -> CreditRefundOut:
        found = await refund_flow.refuse(tx, ref, body.decided_on, body.why, at.caller)
        return CreditRefundOut.whole(*found)

    return await at.write(work, key=ref.key, status=201)


@router.get("/v1/credit-refunds", operation_id="list_credit_refunds", summary="退费列表 · Refunds")
async def list_credit_refunds(
    at: Reading,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: RefundState | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> CreditRefundPageOut:
    """Of a unit, a district, or all; district people see their own."""
    asked = at.caller.scope(district)
    filters = {"of": "credit_refunds", "unit": credit_code, "in": asked, "status": status}
    read = partial(
        refund_store.page, district=asked, status=None if status is None else status.value
    )
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return CreditRefundPageOut(
        items=[CreditRefundHeadOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/credit-refunds/{refund}",
    operation_id="get_credit_refund",
    summary="退费 · One refund",
)
async def get_credit_refund(refund: RefPath, at: Reading) -> CreditRefundOut:
    """What it gives back of each credit."""
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)

    async def work(tx: AsyncConnection) -> CreditRefundOut:
        return CreditRefundOut.whole(*await refund_flow.find(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/credit-refunds/{refund}/trail",
    operation_id="get_credit_refund_trail",
    summary="办理轨迹 · Its trail",
)
async def get_credit_refund_trail(refund: RefPath, at: Reading) -> TrailOut:
    """Who asked and who decided."""
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)

    async def work(tx: AsyncConnection) -> TrailOut:
        found, _ = await refund_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, found.unit_id, found.id))

    return await at.read(work)
