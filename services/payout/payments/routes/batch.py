"""Doors of payment batches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import (
    LIMIT,
    CursorQuery,
    FundQuery,
    IdPath,
    Limit,
    require_centre,
    wake,
)
from services.payout.common.schemas import TrailOut, id_after, line_after
from services.payout.payments.domain.batch import BatchStatus, batch_key
from services.payout.payments.flows import batch as batch_flow
from services.payout.payments.schemas import (
    CancelIn,
    FundingCheckIn,
    PaymentBatchesOut,
    PaymentBatchIn,
    PaymentBatchOut,
    PaymentLineOut,
    PaymentLinesOut,
)
from services.payout.payments.store import batch as batch_store
from shared import trail
from shared.clock import today
from shared.door import Door, door
from shared.errors import Fault, Faulty, Refusal
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Right, Role

router = APIRouter(tags=["payment batches"])


@router.post(
    "/v1/payment-batches",
    operation_id="create_payment_batch",
    summary="组成支付批次 · Form a payment batch of approved claims",
    status_code=201,
    response_model=PaymentBatchOut,
)
async def create_payment_batch(
    asked: PaymentBatchIn, at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH, money=True)]
) -> Response:
    """The ledger is then asked to hold the money; the batch becomes ready, or unfunded."""
    claims = _refs(asked.claims)
    key = batch_key(at.caller.subject, at.idempotency_key or "")

    async def work(tx: AsyncConnection) -> PaymentBatchOut:
        batch = await batch_flow.create(
            tx,
            Ref.new(key),
            claims,
            pay_date=asked.pay_date,
            today=today(),
            caller=at.caller,
        )
        return PaymentBatchOut.of(batch)

    answer = await at.write(work, key=key, status=201)
    wake(at.request)
    return answer


def _refs(texts: list[str]) -> list[Ref]:
    refs, faults = [], []
    for at, text in enumerate(texts):
        try:
            refs.append(Ref.parse(Reference.CLAIM, text))
        except Refusal as refusal:
            faults.append(Fault(f"/claims/{at}", refusal.code, refusal.message))
    if faults:
        raise Faulty(faults=faults)
    return refs


@router.post(
    "/v1/payment-batches/{batch}/funding-checks",
    operation_id="check_funding",
    summary="再次落实资金 · Ask the ledger once more for an unfunded batch",
    status_code=202,
    response_model=PaymentBatchOut,
)
async def check_funding(
    batch: IdPath, asked: FundingCheckIn, at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH)]
) -> Response:
    """Back to funding; look at the batch again for the outcome."""
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)

    async def work(tx: AsyncConnection) -> PaymentBatchOut:
        return PaymentBatchOut.of(await batch_flow.check_funding_again(tx, ref, caller=at.caller))

    answer = await at.write(work, key=ref.key, status=202)
    wake(at.request)
    return answer


@router.post(
    "/v1/payment-batches/{batch}/cancellations",
    operation_id="cancel_payment_batch",
    summary="撤销未落实资金的批次 · Give up an unfunded batch",
    status_code=201,
    response_model=PaymentBatchOut,
)
async def cancel_payment_batch(
    batch: IdPath, asked: CancelIn, at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH)]
) -> Response:
    """Its claims are free for another batch."""
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)

    async def work(tx: AsyncConnection) -> PaymentBatchOut:
        return PaymentBatchOut.of(await batch_flow.cancel(tx, ref, asked.note, caller=at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/payment-batches", operation_id="list_payment_batches", summary="支付批次清单 · Batches"
)
async def list_payment_batches(
    at: Annotated[Door, door(Right.READ_PAYOUT, Right.FETCH_PAYMENT_BATCH)],
    status: BatchStatus | None = None,
    fund: FundQuery = None,
    limit: Limit = LIMIT,
    cursor: CursorQuery = None,
) -> PaymentBatchesOut:
    """A page in order of creation; the bank asks for `status=ready`."""
    require_centre(at.caller)
    filters = {
        "list": "payment_batches",
        "status": status.value if status else None,
        "fund": fund,
    }
    after = id_after(cursor, filters)
    rows = await at.read(
        lambda tx: batch_store.page(
            tx, status=filters["status"], fund=filters["fund"], after=after, limit=limit + 1
        )
    )
    return PaymentBatchesOut.of(rows, limit, filters)


@router.get(
    "/v1/payment-batches/{batch}", operation_id="get_payment_batch", summary="支付批次 · A batch"
)
async def get_payment_batch(
    batch: IdPath, at: Annotated[Door, door(Right.READ_PAYOUT, Right.FETCH_PAYMENT_BATCH)]
) -> PaymentBatchOut:
    """A batch's head."""
    require_centre(at.caller)
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)
    return PaymentBatchOut.of(await at.read(lambda tx: batch_flow.visible(tx, ref)))


@router.get(
    "/v1/payment-batches/{batch}/lines",
    operation_id="list_payment_lines",
    summary="支付明细 · The list to the bank",
)
async def list_payment_lines(
    batch: IdPath,
    at: Annotated[Door, door(Right.READ_PAYOUT, Right.FETCH_PAYMENT_BATCH)],
    limit: Limit = LIMIT,
    cursor: CursorQuery = None,
) -> PaymentLinesOut:
    """A page by line number; account numbers are whole for the bank gateway alone."""
    require_centre(at.caller)
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)
    filters: dict[str, str | None] = {"list": "payment_lines", "batch": batch}
    after = line_after(cursor, filters)

    rows = await at.read(
        lambda tx: batch_flow.list_to_pay(tx, ref, after=after, limit=limit + 1, caller=at.caller)
    )
    full = at.caller.role is Role.BANK_GATEWAY
    lines = [PaymentLineOut.of(row, full=full) for row in rows]
    return PaymentLinesOut.of(lines, limit, filters)


@router.get(
    "/v1/payment-batches/{batch}/trail",
    operation_id="get_payment_batch_trail",
    summary="办理痕迹 · A batch's trail",
)
async def get_payment_batch_trail(
    batch: IdPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> TrailOut:
    """Who formed it, when it was funded, when the bank spoke."""
    require_centre(at.caller)
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)

    async def work(tx: AsyncConnection) -> TrailOut:
        await batch_flow.visible(tx, ref)
        return TrailOut.of(await trail.of_paper(tx, ref.key, ref.id))

    return await at.read(work)
