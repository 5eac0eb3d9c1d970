"""Doors of refund orders. Only collection sends them; only the centre sees them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.settlement.flows import refund_order as refund_order_flow
from services.ledger.settlement.schemas.refund_order import order_from, order_out
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter
from shared.wire.ledger import RefundOrderIn, RefundOrderOut

router = DoorRouter()
Ordering = Annotated[Door, door(Right.ORDER_REFUND)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]
Following = Annotated[Door, door(Right.READ_LEDGER, Right.ORDER_REFUND)]


@router.post(
    "/v1/refund-orders",
    operation_id="order_refund",
    summary="退费指令 · Order an approved refund to be settled",
    status_code=201,
    response_model=RefundOrderOut,
)
async def order_refund(body: RefundOrderIn, at: Ordering) -> Response:
    """Take the order of a refund that collection has approved.

    From now on the order holds the money in suspense that it gives back. Nothing moves before two
    people settle it: `POST /v1/settlements {"kind": "refund", "refund": "rfd_…"}`.
    """
    order = order_from(body)
    return await at.write(
        lambda tx: refund_order_flow.take(tx, order), shape=order_out, key=CENTRE_SLOT, status=201
    )


@router.post(
    "/v1/withdrawn-refund-orders",
    operation_id="withdraw_refund_order",
    summary="撤回退费指令 · Withdraw a refund order that is not settled",
    status_code=201,
    response_model=RefundOrderOut,
)
async def withdraw_refund_order(body: RefundOrderIn, at: Ordering) -> Response:
    """Withdraw the order of a refund that two people of collection withdrew.

    It names the order with its content, so that it can come before the order. It holds no money any
    more and can never be settled. When it was settled first, the refusal is `REFUND_SETTLED`.
    """
    order = order_from(body)
    return await at.write(
        lambda tx: refund_order_flow.withdraw(tx, order),
        shape=order_out,
        key=CENTRE_SLOT,
        status=201,
    )


@router.get(
    "/v1/refund-orders",
    operation_id="list_refund_orders",
    summary="待结算的退费指令 · Refund orders that wait for their settlement",
)
async def list_refund_orders(
    at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[RefundOrderOut]:
    """List open refund orders, oldest first."""
    require_centre(at.caller)
    rows, following = await at.read(lambda tx: refund_order_flow.open_orders(tx, cursor, limit))
    return Page[RefundOrderOut].of([order_out(row) for row in rows], following)


@router.get(
    "/v1/settled-refund-orders",
    operation_id="list_settled_refund_orders",
    summary="已结算的退费指令 · Settled refund orders, in the order of their settlement",
)
async def list_settled_refund_orders(
    at: Following,
    after_seq: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[RefundOrderOut]:
    """List refund orders settled by vouchers after `after_seq`; send the last `seq` next time."""
    require_centre(at.caller)
    rows = await at.read(lambda tx: refund_order_flow.settled_after(tx, after_seq, limit))
    return Page[RefundOrderOut].of([order_out(row) for row in rows], None)


@router.get(
    "/v1/refund-orders/{refund}",
    operation_id="get_refund_order",
    summary="退费指令 · Get a refund order",
)
async def get_refund_order(
    refund: Annotated[str, Path(max_length=60)], at: Reading
) -> RefundOrderOut:
    """Get the order of a refund."""
    require_centre(at.caller)
    return order_out(await at.read(lambda tx: refund_order_flow.find(tx, refund)))
