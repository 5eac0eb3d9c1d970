"""Doors of moves of receipts (到账改入): one person of the centre files, another approves or refuses."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi.responses import Response

from services.collection.common.schemas.common import TrailOut
from services.collection.receipt_changes import flows as receipt_changes_flow
from services.collection.receipt_changes.schemas import (
    ReceiptChangeDecisionIn,
    ReceiptChangeRefusalIn,
    ReceiptMoveIn,
    ReceiptMoveOut,
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
KIND = ReceiptChangeKind.MOVE


@router.post(
    "/v1/receipts/{receipt}/moves",
    operation_id="file_receipt_move",
    summary="申请到账改入 · File a move of a receipt",
    status_code=201,
    response_model=ReceiptMoveOut,
)
async def file_receipt_move(receipt: RefPath, body: ReceiptMoveIn, at: Filing) -> Response:
    """File that money of a receipt belongs to another unit or period.

    Nothing changes until it is approved.
    """
    ref = Ref.parse(Reference.RECEIPT, receipt)
    return await at.write(
        lambda tx: receipt_changes_flow.file_move(tx, ref, body.request(), at.caller),
        shape=ReceiptMoveOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/receipt-moves/{move}/approvals",
    operation_id="approve_receipt_move",
    summary="批准到账改入 · Approve a move of a receipt",
    status_code=201,
    response_model=ReceiptMoveOut,
)
async def approve_receipt_move(
    move: RefPath, body: ReceiptChangeDecisionIn, at: Approving
) -> Response:
    """Approve a move, as another person of the centre. Both accounts end as if the money had come
    to the right unit at once.
    """
    ref = Ref.parse(KIND.reference, move)
    return await at.write(
        lambda tx: receipt_changes_flow.approve(
            tx, ref, KIND, body.day, region=at.region, caller=at.caller
        ),
        shape=ReceiptMoveOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/receipt-moves/{move}/refusals",
    operation_id="refuse_receipt_move",
    summary="不予到账改入 · Refuse a move of a receipt",
    status_code=201,
    response_model=ReceiptMoveOut,
)
async def refuse_receipt_move(
    move: RefPath,
    body: ReceiptChangeRefusalIn,
    at: Annotated[Door, door(Right.APPROVE_RECEIPT_CHANGE)],
) -> Response:
    """Refuse a move, as another person of the centre. Nothing changes."""
    ref = Ref.parse(KIND.reference, move)
    return await at.write(
        lambda tx: receipt_changes_flow.refuse(tx, ref, KIND, body.day, body.why, at.caller),
        shape=ReceiptMoveOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/receipt-moves",
    operation_id="list_receipt_moves",
    summary="到账改入列表 · List moves of receipts",
)
async def list_receipt_moves(
    at: Reading,
    status: ReceiptChangeState | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ReceiptMoveOut]:
    """List moves of receipts in the order in which they were filed."""
    filters = {"of": "receipt_moves", "status": status}
    read = partial(
        receipt_changes_flow.page, kind=KIND, status=status and status.value, caller=at.caller
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[ReceiptMoveOut].of([ReceiptMoveOut.of(row) for row in rows], following)


@router.get(
    "/v1/receipt-moves/{move}",
    operation_id="get_receipt_move",
    summary="到账改入 · Get a move of a receipt",
)
async def get_receipt_move(move: RefPath, at: Reading) -> ReceiptMoveOut:
    """Get a move of a receipt."""
    ref = Ref.parse(KIND.reference, move)
    found = await at.read(lambda tx: receipt_changes_flow.find(tx, ref, KIND, at.caller))
    return ReceiptMoveOut.of(found)


@router.get(
    "/v1/receipt-moves/{move}/trail",
    operation_id="get_receipt_move_trail",
    summary="办理轨迹 · Get the trail of a move of a receipt",
)
async def get_receipt_move_trail(move: RefPath, at: Reading) -> TrailOut:
    """Get who filed it and who decided it."""
    ref = Ref.parse(KIND.reference, move)
    found = await at.read(lambda tx: receipt_changes_flow.trail_of(tx, ref, KIND, at.caller))
    return TrailOut.of(found)
