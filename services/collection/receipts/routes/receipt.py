"""Doors of receipts (到账): list them, and match money in suspense to a unit."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response

from services.collection.allocation.domain.receipt import Channel
from services.collection.receipts.flows import match as match_flow
from services.collection.receipts.flows import receipt as receipt_flow
from services.collection.receipts.schemas.receipt import MatchIn, ReceiptOut
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]


@router.get("/v1/receipts", operation_id="list_receipts", summary="到账列表 · List receipts")
async def list_receipts(
    at: Listing,
    status: Literal["matched", "suspended"] | None = None,
    channel: Channel | None = None,
    district: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ReceiptOut]:
    """List receipts in the order in which they were taken.

    A receipt is `suspended` while some of its money waits to be matched.
    """
    scope = at.caller.scope(district)
    filters = {"of": "receipts", "status": status, "channel": channel, "in": scope}
    read = partial(
        receipt_flow.page,
        suspended=None if status is None else status == "suspended",
        channel=channel and channel.value,
        district=scope,
        credit_codes=at.own_codes,
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[ReceiptOut].of([ReceiptOut.of(row) for row in rows], following)


@router.get("/v1/receipts/{receipt}", operation_id="get_receipt", summary="到账 · Get a receipt")
async def get_receipt(receipt: RefPath, at: Reading) -> ReceiptOut:
    """Get a receipt and how much of it is allocated and in suspense."""
    ref = Ref.parse(Reference.RECEIPT, receipt)
    return ReceiptOut.of(await at.read(lambda tx: receipt_flow.find(tx, ref, at.caller)))


@router.post(
    "/v1/receipts/{receipt}/matches",
    operation_id="match_receipt",
    summary="认领暂收款 · Match money in suspense to a unit",
    status_code=201,
    response_model=ReceiptOut,
)
async def match_receipt(
    receipt: RefPath, body: MatchIn, at: Annotated[Door, door(Right.MATCH_RECEIPT, money=True)]
) -> Response:
    """Pay the unit's open bills and late charges of the period out of suspense.

    Money that they do not need stays in suspense.
    """
    ref = Ref.parse(Reference.RECEIPT, receipt)
    return await at.write(
        lambda tx: match_flow.match(tx, ref, body.request(), region=at.region, caller=at.caller),
        shape=ReceiptOut.of,
        key=ref.key,
        status=201,
    )
