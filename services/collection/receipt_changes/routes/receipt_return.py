"""Doors of returns of receipts (到账退回): one person of the centre files, another approves or refuses."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi.responses import Response

from services.collection.common.schemas.common import TrailOut
from services.collection.receipt_changes import flows as receipt_changes_flow
from services.collection.receipt_changes.schemas import (
    ReceiptChangeDecisionIn,
    ReceiptChangeRefusalIn,
    ReceiptReturnIn,
    ReceiptReturnOut,
)
from services.collection.receipts.domain.receipt_change import (
    ReceiptChangeKind,
    ReceiptChangeState,
)
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Filing = Annotated[Door, door(Right.FILE_RECEIPT_CHANGE)]
Approving = Annotated[Door, door(Right.APPROVE_RECEIPT_CHANGE, money=True)]
KIND = ReceiptChangeKind.RETURN


@router.post(
    "/v1/receipts/{receipt}/returns",
    operation_id="file_receipt_return",
    summary="申请到账退回 · File a return of a receipt",
    status_code=201,
    response_model=ReceiptReturnOut,
)
async def file_receipt_return(receipt: RefPath, body: ReceiptReturnIn, at: Filing) -> Response:
    """File that the bank has money of a receipt again, all or a part.

    Nothing changes until it is approved.
    """
    ref = Ref.parse(Reference.RECEIPT, receipt)
    return await at.write(
        lambda tx: receipt_changes_flow.file_return(tx, ref, body.request(), at.caller),
        shape=ReceiptReturnOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/receipt-returns/{return_}/approvals",
    operation_id="approve_receipt_return",
    summary="批准到账退回 · Approve a return of a receipt",
    status_code=201,
    response_model=ReceiptReturnOut,
)
async def approve_receipt_return(
    return_: RefPath, body: ReceiptChangeDecisionIn, at: Approving
) -> Response:
    """Approve a return, as another person of the centre. Bills are open again as if the money had
    never come; what is late bears its charges.
    """
    ref = Ref.parse(KIND.reference, return_)
    return await at.write(
        lambda tx: receipt_changes_flow.approve(
            tx, ref, KIND, body.day, region=at.region, caller=at.caller
        ),
        shape=ReceiptReturnOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/receipt-returns/{return_}/refusals",
    operation_id="refuse_receipt_return",
    summary="不予到账退回 · Refuse a return of a receipt",
    status_code=201,
    response_model=ReceiptReturnOut,
)
async def refuse_receipt_return(
    return_: RefPath,
    body: ReceiptChangeRefusalIn,
    at: Annotated[Door, door(Right.APPROVE_RECEIPT_CHANGE)],
) -> Response:
    """Refuse a return, as another person of the centre. Nothing changes."""
    ref = Ref.parse(KIND.reference, return_)
    return await at.write(
        lambda tx: receipt_changes_flow.refuse(tx, ref, KIND, body.day, body.why, at.caller),
        shape=ReceiptReturnOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/receipt-returns",
    operation_id="list_receipt_returns",
    summary="到账退回列表 · List returns of receipts",
)
async def list_receipt_returns(
    at: Reading,
    status: ReceiptChangeState | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ReceiptReturnOut]:
    """List returns of receipts in the order in which they were filed."""
    filters = {"of": "receipt_returns", "status": status}
    read = partial(
        receipt_changes_flow.page, kind=KIND, status=status and status.value, caller=at.caller
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[ReceiptReturnOut].of([ReceiptReturnOut.of(row) for row in rows], following)


@router.get(
    "/v1/receipt-returns/{return_}",
    operation_id="get_receipt_return",
    summary="到账退回 · Get a return of a receipt",
)
async def get_receipt_return(return_: RefPath, at: Reading) -> ReceiptReturnOut:
    """Get a return of a receipt."""
    ref = Ref.parse(KIND.reference, return_)
    found = await at.read(lambda tx: receipt_changes_flow.find(tx, ref, KIND, at.caller))
    return ReceiptReturnOut.of(found)


@router.get(
    "/v1/receipt-returns/{return_}/trail",
    operation_id="get_receipt_return_trail",
    summary="办理轨迹 · Get the trail of a return of a receipt",
)
async def get_receipt_return_trail(return_: RefPath, at: Reading) -> TrailOut:
    """Get who filed it and who decided it."""
    ref = Ref.parse(KIND.reference, return_)
    found = await at.read(lambda tx: receipt_changes_flow.trail_of(tx, ref, KIND, at.caller))
    return TrailOut.of(found)
