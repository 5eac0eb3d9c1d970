"""Doors of orders: the clerks and the cashier form a batch of debits or of payments."""

from __future__ import annotations

from services.sandbox.routes import Here
from services.sandbox.schemas import (
    DebitOrderIn,
    DebitOrderOut,
    PaymentOrderIn,
    PaymentOrderOut,
)
from shared.web.door_router import DoorRouter

router = DoorRouter(prefix="/v1")


@router.post(
    "/debit-orders",
    operation_id="order_debits",
    summary="出纳发起扣款 · Let the cashier form a debit batch",
    status_code=201,
)
async def order_debits(body: DebitOrderIn, here: Here) -> DebitOrderOut:
    """Form a batch of the open bills of a period that are paid by debit."""
    async with here.turn:
        batch = await here.clerks.create_debit_batch(str(body.period), body.day)
    control = batch["control"]
    return DebitOrderOut(batch=batch["id"], lines=control["lines"], total=control["total"])


@router.post(
    "/payment-orders",
    operation_id="order_payments",
    summary="经办一笔支付 · Let the clerks form a payment batch",
    status_code=201,
)
async def order_payments(body: PaymentOrderIn, here: Here) -> PaymentOrderOut:
    """File a hospital's claim, sign it, fund it from what was collected, and form its batch."""
    async with here.turn:
        batch = await here.benefits.pay(body.day, body.amount)
    control = batch["control"]
    return PaymentOrderOut(batch=batch["id"], lines=control["lines"], total=control["total"])
