"""Doors of money that comes back, and of money that somebody sends us."""

from __future__ import annotations

from services.sandbox.bank import Credit
from services.sandbox.gateway import return_line
from services.sandbox.routes import Here, Sandbox
from services.sandbox.schemas import (
    CreditIn,
    CreditOut,
    ReturnedRefundIn,
    ReturnedRefundOut,
    ReturnIn,
    TransferOut,
)
from services.sandbox.trade import DEBIT, PAYMENT, Trade
from shared.web.door_router import DoorRouter

router = DoorRouter(prefix="/v1")


@router.post(
    "/bank/returned-refunds",
    operation_id="return_refund",
    summary="退费被退回 · Pay a refund that comes back",
    status_code=201,
)
async def return_refund(body: ReturnedRefundIn, here: Here) -> ReturnedRefundOut:
    """Pay a refund out of one of the centre's accounts to an account that is closed."""
    serial = here.bank.refund(
        body.reference, body.account, body.amount, paid=body.day, returned=body.returned_on
    )
    return ReturnedRefundOut(serial=serial)


@router.post(
    "/bank/debit-returns",
    operation_id="return_debit",
    summary="退回扣款 · Return a settled debit",
    status_code=201,
)
async def order_debit_return(body: ReturnIn, here: Here) -> TransferOut:
    """Give the money of a debit that was reported settled back; the next round reports it."""
    return await _returned(here, DEBIT, body)


@router.post(
    "/bank/payment-returns",
    operation_id="return_payment",
    summary="付款退汇 · Return a payment",
    status_code=201,
)
async def order_payment_return(body: ReturnIn, here: Here) -> TransferOut:
    """Send a payment back that was reported paid; the next round reports it."""
    return await _returned(here, PAYMENT, body)


async def _returned(here: Sandbox, trade: Trade, body: ReturnIn) -> TransferOut:
    async with here.turn:
        return TransferOut.of(return_line(here.journal, trade, body.serial, body.day))


@router.post(
    "/bank/credits",
    operation_id="receive_credit",
    summary="他人汇入 · Money from outside",
    status_code=201,
)
async def receive_credit(body: CreditIn, here: Here) -> CreditOut:
    """Let somebody transfer money to one of the centre's accounts."""
    credit = Credit(
        reference=body.reference,
        account=body.account,
        payer=body.payer,
        amount_fen=body.amount,
        day=body.day,
        remark=body.remark,
    )
    return CreditOut(serial=here.bank.receive(credit))
