"""Doors of payment batches."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import FundQuery, person_keys, require_centre
from services.payout.common.schemas import TrailOut, line_after
from services.payout.payments.domain.batch import BatchStatus, batch_key
from services.payout.payments.flows import batch as batch_flow
from services.payout.payments.schemas.payment import (
    CancellationIn,
    FundingCheckIn,
    PaymentBatchIn,
    PaymentBatchOut,
    PaymentLineOut,
    RepaymentBatchIn,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.errors import Fault, Faulty, Refusal
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right, Role
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/payment-batches",
    max_body_size=BULK_BYTES,
    operation_id="create_payment_batch",
    summary="组成支付批次 · Form a payment batch of approved claims",
    status_code=201,
    response_model=PaymentBatchOut,
)
async def create_payment_batch(
    body: PaymentBatchIn, at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH, money=True)]
) -> Response:
    """Form a batch; the ledger is then requested to hold the money, and the batch is ready or unfunded."""
    claims = _claim_refs(body.claims)
    key = batch_key(at.caller.subject, at.idempotency_key or "")

    async def work(tx: AsyncConnection) -> PaymentBatchOut:
        batch = await batch_flow.create(
            tx,
            Ref.new(key),
            claims,
            pay_date=body.pay_date,
            today=today(),
            caller=at.caller,
        )
        return PaymentBatchOut.of(batch)

    return await at.write(work, key=key, status=201)


def _claim_refs(texts: list[str]) -> list[Ref]:
    refs, faults = [], []
    for index, text in enumerate(texts):
        try:
            refs.append(Ref.parse(Reference.CLAIM, text))
        except Refusal as refusal:
            faults.append(Fault(f"/claims/{index}", refusal.code, refusal.message))
    if faults:
        raise Faulty(faults=faults)
    return refs


@router.post(
    "/v1/repayment-batches",
    operation_id="create_repayment_batch",
    summary="重付批次 · Pay again every failed line whose account was corrected",
    status_code=201,
    response_model=PaymentBatchOut,
)
async def create_repayment_batch(
    body: RepaymentBatchIn, at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH, money=True)]
) -> Response:
    """Form one batch of all that are ready; lines whose account nobody corrected wait on."""
    key = batch_key(at.caller.subject, at.idempotency_key or "")

    async def work(tx: AsyncConnection) -> PaymentBatchOut:
        batch = await batch_flow.repay(
            tx,
            Ref.new(key),
            fund=body.fund,
            district=body.district,
            pay_date=body.pay_date,
            today=today(),
            caller=at.caller,
        )
        return PaymentBatchOut.of(batch)

    return await at.write(work, key=key, status=201)


@router.post(
    "/v1/payment-batches/{batch}/funding-checks",
    operation_id="check_funding",
    summary="再次落实资金 · Ask the ledger again for the money of an unfunded batch",
    status_code=202,
    response_model=PaymentBatchOut,
)
async def check_funding(
    batch: RefPath, body: FundingCheckIn, at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH)]
) -> Response:
    """Set the batch back to funding; read it again for the outcome."""
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)

    async def work(tx: AsyncConnection) -> PaymentBatchOut:
        return PaymentBatchOut.of(await batch_flow.check_funding_again(tx, ref, caller=at.caller))

    return await at.write(work, key=ref.key, status=202)


@router.post(
    "/v1/payment-batches/{batch}/cancellations",
    operation_id="cancel_payment_batch",
    summary="撤销未落实资金的批次 · Cancel an unfunded batch",
    status_code=201,
    response_model=PaymentBatchOut,
)
async def cancel_payment_batch(
    batch: RefPath, body: CancellationIn, at: Annotated[Door, door(Right.CREATE_PAYMENT_BATCH)]
) -> Response:
    """Cancel the batch; another batch may then pay its claims."""
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)

    async def work(tx: AsyncConnection) -> PaymentBatchOut:
        return PaymentBatchOut.of(await batch_flow.cancel(tx, ref, body.note, caller=at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/payment-batches", operation_id="list_payment_batches", summary="支付批次清单 · Batches"
)
async def list_payment_batches(
    at: Annotated[Door, door(Right.READ_PAYOUT, Right.FETCH_PAYMENT_BATCH)],
    status: BatchStatus | None = None,
    fund: FundQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PaymentBatchOut]:
    """List batches in order of creation; the bank reads those with `status=ready`."""
    require_centre(at.caller)
    columns = {"status": status.value if status else None, "fund": fund}
    filters = {"list": "payment_batches"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: batch_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    batches, next_cursor = cut(rows, limit, lambda row: [row.ref.id.hex], filters)
    return Page[PaymentBatchOut].of([PaymentBatchOut.of(row) for row in batches], next_cursor)


@router.get(
    "/v1/payment-batches/{batch}", operation_id="get_payment_batch", summary="支付批次 · A batch"
)
async def get_payment_batch(
    batch: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT, Right.FETCH_PAYMENT_BATCH)]
) -> PaymentBatchOut:
    """Read a batch's head."""
    require_centre(at.caller)
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)
    return PaymentBatchOut.of(await at.read(lambda tx: batch_flow.find(tx, ref)))


@router.get(
    "/v1/payment-batches/{batch}/lines",
    operation_id="list_payment_lines",
    summary="支付明细 · The list to the bank",
)
async def list_payment_lines(
    batch: RefPath,
    at: Annotated[Door, door(Right.READ_PAYOUT, Right.FETCH_PAYMENT_BATCH)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PaymentLineOut]:
    """List a batch's lines by number; only the bank gateway sees whole account numbers."""
    require_centre(at.caller)
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)
    filters = {"list": "payment_lines", "batch": batch}
    after = line_after(cursor, filters)
    rows = await at.read(
        lambda tx: batch_flow.lines(tx, ref, after=after, limit=limit + 1, caller=at.caller)
    )
    lines, next_cursor = cut(rows, limit, lambda row: [row.line_no], filters)
    full = at.caller.role is Role.BANK_GATEWAY
    keys = person_keys(at.request)
    return Page[PaymentLineOut].of(
        [PaymentLineOut.of(row, keys, full=full) for row in lines], next_cursor
    )


@router.get(
    "/v1/payment-batches/{batch}/trail",
    operation_id="get_payment_batch_trail",
    summary="办理痕迹 · A batch's trail",
)
async def get_payment_batch_trail(
    batch: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> TrailOut:
    """List who formed it, when it was funded and when the bank reported."""
    require_centre(at.caller)
    ref = Ref.parse(Reference.PAYMENT_BATCH, batch)
    return TrailOut.of(await at.read(lambda tx: batch_flow.steps(tx, ref)))
