"""Doors of vouchers: post one or many, look up."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response

from services.ledger.common.routes.door import json_answer, problem_of, source_of
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.flows import voucher as voucher_flow
from services.ledger.posting.routes.door import opened
from services.ledger.posting.schemas.voucher import (
    VoucherOut,
    VouchersOut,
    batch_out,
    draft_from,
    posted_out,
)
from shared.door import Door, door
from shared.guard.entrance import BATCH_BYTES
from shared.references import Reference
from shared.roles import Right
from shared.schema import Serial
from shared.web.door_router import DoorRouter
from shared.wire.ledger import BatchOut, PostedOut, VoucherBatchIn, VoucherIn

router = DoorRouter()

PATH = "/v1/vouchers"
BATCH_PATH = "/v1/voucher-batches"
BREATH = 250
"""Vouchers of a batch that are read before other requests get their turn."""

VoucherId = Annotated[str, Path(max_length=40, examples=[Reference.VOUCHER.example])]
Posting = Annotated[Door, door(Right.POST_VOUCHER)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]
DryRun = Annotated[bool, Query(description="只试算,不记账 (judge it just so, and book nothing)")]
Floors = Annotated[
    bool,
    Query(description="答复附不得透支科目的余额 (tell the balances of accounts with a floor)"),
]


@router.post(
    PATH,
    operation_id="post_voucher",
    summary="记账 · Post one voucher",
    status_code=201,
    response_model=PostedOut,
    responses={200: {"model": PostedOut, "description": "重复提交,首次的答复 (a repeat)"}},
)
async def post_voucher(
    body: VoucherIn, at: Posting, dry_run: DryRun = False, balances: Floors = False
) -> Response:
    """Post one voucher; the answer comes after its commit."""
    books = await opened(at)
    draft = draft_from(body, source_of(at), books.slots, at.caller.role.value)
    outcomes = await books.post([draft], rehearse=dry_run, with_balances=balances)
    booked = voucher_flow.booked(outcomes[0])
    answer = posted_out(body.event_id, booked)
    status = 200 if booked.replayed or booked.rehearsed else 201
    return json_answer(answer, status, replayed=booked.replayed)


@router.post(
    BATCH_PATH,
    max_body_size=BATCH_BYTES,
    operation_id="post_voucher_batch",
    summary="批量记账,逐张答复 · Post up to 10,000 vouchers, each with its outcome",
    response_model=BatchOut,
)
async def post_voucher_batch(
    body: VoucherBatchIn, at: Posting, dry_run: DryRun = False, balances: Floors = False
) -> Response:
    """Post many vouchers; a refused one never fails its neighbours, unless `atomic`."""
    books = await opened(at)
    source = source_of(at)
    drafts: list[Draft] = []
    for one in body.vouchers:
        drafts.append(draft_from(one, source, books.slots, at.caller.role.value))
        if len(drafts) % BREATH == 0:
            await asyncio.sleep(0)
    outcomes = await books.post(
        drafts, atomic=body.atomic, rehearse=dry_run, with_balances=balances
    )
    return json_answer(batch_out(drafts, outcomes, lambda refusal: problem_of(at.request, refusal)))


@router.get(
    PATH,
    operation_id="find_vouchers",
    summary="按业务号查凭证 · Vouchers of an event",
)
async def find_vouchers(
    at: Reading,
    source: Annotated[str, Query(min_length=1, max_length=100, examples=["collection_service"])],
    event_id: Annotated[Serial, Query(examples=["receipt-0001"])],
) -> VouchersOut:
    """Find the vouchers of a sender's event: one or none."""
    found = await at.read(lambda tx: voucher_flow.find(tx, source, event_id, at.caller))
    return VouchersOut(items=[VoucherOut.of(stored) for stored in found])


@router.get(
    "/v1/vouchers/{id}",
    operation_id="read_voucher",
    summary="凭证 · One voucher with its entries",
)
async def read_voucher(id: VoucherId, at: Reading) -> VoucherOut:
    """Read a voucher with its entries."""
    return VoucherOut.of(await at.read(lambda tx: voucher_flow.read(tx, id, at.caller)))
