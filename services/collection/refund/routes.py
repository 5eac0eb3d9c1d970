"""Doors of refunds (退费)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.common.schemas.common import TrailOut
from services.collection.refund.domain import RefundStatus
from services.collection.refund.flows import payout as payout_flow
from services.collection.refund.flows import refund as refund_flow
from services.collection.refund.flows import withdrawal as withdrawal_flow
from services.collection.refund.flows.claim import UnitCredits
from services.collection.refund.schemas import (
    RefundDecisionIn,
    RefundHeadOut,
    RefundIn,
    RefundOut,
    RefundReasonIn,
    RefundRefusalIn,
    RefundReturnIn,
)
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]
Requesting = Annotated[Door, door(Right.REQUEST_REFUND, money=True)]
Approving = Annotated[Door, door(Right.APPROVE_REFUND, money=True)]


@router.post(
    "/v1/refunds",
    operation_id="request_refund",
    summary="申请退费 · Request a refund",
    status_code=201,
    response_model=RefundOut,
)
async def request_refund(body: RefundIn, at: Requesting) -> Response:
    """Request a refund of money in suspense, of credits, or of a paid late charge.

    The money is reserved at once: no match, bill or other refund can use it. Suspense that another
    city sent for a person names its `transfer` letter, and becomes the income of that transfer.
    """
    wanted = body.request()
    match wanted.money:
        case UnitCredits(credit_code):
            key = unit_key(credit_code)
        case money:
            key = (money.receipt if hasattr(money, "receipt") else money.bill).key
    return await at.write(
        lambda tx: refund_flow.request(tx, wanted, region=at.region, caller=at.caller),
        shape=RefundOut.whole,
        key=key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/approvals",
    operation_id="approve_refund",
    summary="批准退费 · Approve a refund",
    status_code=201,
    response_model=RefundOut,
)
async def approve_refund(refund: RefPath, body: RefundDecisionIn, at: Approving) -> Response:
    """Approve a refund, as another person than the requester.

    The ledger gets its order; two people settle it there: `POST /v1/settlements {"kind": "refund",
    "refund": "rfd_…"}`.
    """
    ref = Ref.parse(Reference.REFUND, refund)
    return await at.write(
        lambda tx: refund_flow.approve(
            tx, ref, body.decided_on, region=at.region, caller=at.caller
        ),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/refusals",
    operation_id="refuse_refund",
    summary="不予退费 · Refuse a refund",
    status_code=201,
    response_model=RefundOut,
)
async def refuse_refund(refund: RefPath, body: RefundRefusalIn, at: Approving) -> Response:
    """Refuse a refund, as another person than the requester. Its money can be used again."""
    ref = Ref.parse(Reference.REFUND, refund)
    return await at.write(
        lambda tx: refund_flow.refuse(tx, ref, body.decided_on, body.why, at.caller),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/withdrawals",
    operation_id="request_refund_withdrawal",
    summary="申请撤回退费 · Request to withdraw an approved refund",
    status_code=201,
    response_model=RefundOut,
)
async def request_refund_withdrawal(
    refund: RefPath, body: RefundReasonIn, at: Requesting
) -> Response:
    """Request to withdraw an approved refund that is not settled; another person approves it."""
    ref = Ref.parse(Reference.REFUND, refund)
    return await at.write(
        lambda tx: withdrawal_flow.request(tx, ref, body.why, at.caller),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/withdrawals/approvals",
    operation_id="approve_refund_withdrawal",
    summary="批准撤回退费 · Approve the withdrawal of a refund",
    status_code=201,
    response_model=RefundOut,
)
async def approve_refund_withdrawal(refund: RefPath, at: Approving) -> Response:
    """Approve the withdrawal of a refund, as another person than its requester.

    The ledger withdraws its order, and the money can be used again: `withdrawn`. When the order was
    settled first, the refund is `paid`.
    """
    ref = Ref.parse(Reference.REFUND, refund)
    return await at.write(
        lambda tx: withdrawal_flow.approve(tx, ref, at.caller),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/withdrawals/refusals",
    operation_id="refuse_refund_withdrawal",
    summary="不予撤回退费 · Refuse the withdrawal of a refund",
    status_code=201,
    response_model=RefundOut,
)
async def refuse_refund_withdrawal(
    refund: RefPath, body: RefundReasonIn, at: Approving
) -> Response:
    """Refuse the withdrawal of a refund: it stays approved and waits for its settlement."""
    ref = Ref.parse(Reference.REFUND, refund)
    return await at.write(
        lambda tx: withdrawal_flow.refuse(tx, ref, body.why, at.caller),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/returns",
    operation_id="report_refund_return",
    summary="登记退费退回 · Report a refund that the bank sent back",
    status_code=201,
    response_model=RefundOut,
)
async def report_refund_return(refund: RefPath, body: RefundReturnIn, at: Requesting) -> Response:
    """Report that the bank sent a paid refund back; another person confirms it."""
    ref, bank_return = Ref.parse(Reference.REFUND, refund), body.bank_return()
    return await at.write(
        lambda tx: payout_flow.report_return(tx, ref, bank_return, at.caller),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/returns/approvals",
    operation_id="approve_refund_return",
    summary="确认退费退回 · Confirm that a refund came back",
    status_code=201,
    response_model=RefundOut,
)
async def approve_refund_return(refund: RefPath, body: RefundDecisionIn, at: Approving) -> Response:
    """Confirm that a refund came back, booked on `decided_on`, an open day.

    What it came from is open again, and a new refund may be requested.
    """
    ref = Ref.parse(Reference.REFUND, refund)
    return await at.write(
        lambda tx: payout_flow.approve_return(tx, ref, body.decided_on, at.caller),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/refunds/{refund}/returns/refusals",
    operation_id="refuse_refund_return",
    summary="退回不实 · Refuse a reported return",
    status_code=201,
    response_model=RefundOut,
)
async def refuse_refund_return(refund: RefPath, body: RefundRefusalIn, at: Approving) -> Response:
    """Refuse a reported return: the refund stays paid."""
    ref = Ref.parse(Reference.REFUND, refund)
    return await at.write(
        lambda tx: payout_flow.refuse_return(tx, ref, body.decided_on, body.why, at.caller),
        shape=RefundOut.whole,
        key=ref.key,
        status=201,
    )


@router.get("/v1/refunds", operation_id="list_refunds", summary="退费列表 · List refunds")
async def list_refunds(
    at: Listing,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    status: RefundStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[RefundHeadOut]:
    """List refunds of a payer, of a district or of all, in the order of their requests.

    `requested`, `withdrawal_requested` and `returning` wait for another person of the centre;
    `approved` and `withdrawal_approved` for the ledger.
    """
    scope = at.caller.scope(district)
    filters = {"of": "refunds", "payer": credit_code, "in": scope, "status": status}
    read = partial(
        refund_flow.page,
        credit_code=credit_code or at.own_codes,
        district=scope,
        status=status and status.value,
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[RefundHeadOut].of([RefundHeadOut.of(row) for row in rows], following)


@router.get("/v1/refunds/{refund}", operation_id="get_refund", summary="退费 · Get a refund")
async def get_refund(refund: RefPath, at: Reading) -> RefundOut:
    """Get a refund and what it reserves."""
    ref = Ref.parse(Reference.REFUND, refund)
    return RefundOut.whole(await at.read(lambda tx: refund_flow.find(tx, ref, at.caller)))


@router.get(
    "/v1/refunds/{refund}/trail",
    operation_id="get_refund_trail",
    summary="办理轨迹 · Get a refund's trail",
)
async def get_refund_trail(refund: RefPath, at: Reading) -> TrailOut:
    """Get who requested a refund, who decided it, and what became of it."""
    ref = Ref.parse(Reference.REFUND, refund)
    return TrailOut.of(await at.read(lambda tx: refund_flow.trail_of(tx, ref, at.caller)))
