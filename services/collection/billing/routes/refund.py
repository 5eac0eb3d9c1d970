"""Doors of refunds of credits (退费)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.collection.billing.domain.refund import RefundState
from services.collection.billing.flows import refund as refund_flow
from services.collection.billing.schemas.refund import (
    CreditRefundApprovalIn,
    CreditRefundHeadOut,
    CreditRefundIn,
    CreditRefundOut,
    CreditRefundRefusalIn,
)
from services.collection.common.schemas.common import TrailOut
from services.collection.register.routes.page import CreditCodePath, page_of
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode

router = APIRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Approving = Annotated[Door, door(Right.APPROVE_CREDIT_REFUND)]


@router.post(
    "/v1/units/{credit_code}/credit-refunds",
    operation_id="request_credit_refund",
    summary="申请退费 · Request a refund of credits",
    status_code=201,
    response_model=CreditRefundOut,
)
async def request_credit_refund(
    credit_code: CreditCodePath,
    body: CreditRefundIn,
    at: Annotated[Door, door(Right.REQUEST_CREDIT_REFUND)],
) -> Response:
    """Request a refund of all unused credits of a unit.

    Nothing changes until the refund is approved. A bill that is issued before then still uses the
    credits.
    """
    return await at.write(
        lambda tx: refund_flow.request(tx, credit_code, body.requested_on, body.note, at.caller),
        shape=CreditRefundOut.whole,
        key=unit_key(credit_code),
        status=201,
    )


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
    """Approve a refund, as another person of the centre.

    The credits are used and the memo book records it. The named settlement moves the money.
    """
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)
    return await at.write(
        lambda tx: refund_flow.approve(tx, ref, body.decided_on, body.settlement, at.caller),
        shape=CreditRefundOut.whole,
        key=ref.key,
        status=201,
    )


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
    """Refuse a refund, as another person of the centre. The credits stay usable."""
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)
    return await at.write(
        lambda tx: refund_flow.refuse(tx, ref, body.decided_on, body.why, at.caller),
        shape=CreditRefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/credit-refunds", operation_id="list_credit_refunds", summary="退费列表 · List refunds"
)
async def list_credit_refunds(
    at: Reading,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: RefundState | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[CreditRefundHeadOut]:
    """List refunds of a unit, of a district or of all. District staff see their own district."""
    scope = at.caller.scope(district)
    filters = {"of": "credit_refunds", "unit": credit_code, "in": scope, "status": status}
    read = partial(refund_flow.page, district=scope, status=status and status.value)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return Page[CreditRefundHeadOut].of([CreditRefundHeadOut.of(row) for row in rows], following)


@router.get(
    "/v1/credit-refunds/{refund}",
    operation_id="get_credit_refund",
    summary="退费 · Get a refund",
)
async def get_credit_refund(refund: RefPath, at: Reading) -> CreditRefundOut:
    """Get a refund with the amount that it takes from each credit."""
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)
    found = await at.read(lambda tx: refund_flow.find(tx, ref, at.caller))
    return CreditRefundOut.whole(found)


@router.get(
    "/v1/credit-refunds/{refund}/trail",
    operation_id="get_credit_refund_trail",
    summary="办理轨迹 · Get a refund's trail",
)
async def get_credit_refund_trail(refund: RefPath, at: Reading) -> TrailOut:
    """Get who requested a refund and who decided it."""
    ref = Ref.parse(Reference.CREDIT_REFUND, refund)
    return TrailOut.of(await at.read(lambda tx: refund_flow.trail_of(tx, ref, at.caller)))
