"""Doors of receipts: list them, and identify what is in suspense."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel
from services.collection.allocation.store import receipt as receipt_store
from services.collection.allocation.store.receipt import ReceiptFilter, ReceiptRow
from services.collection.receipts.flows import match as match_flow
from services.collection.receipts.schemas.receipt import MatchIn, ReceiptOut, ReceiptPageOut
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code

NIL: Final = UUID(int=0)
"""Before every id: where a list begins."""

router = APIRouter(tags=["receipts"])

ReceiptId = Annotated[str, Path(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=500)]


@router.get(
    "/v1/receipts",
    operation_id="list_receipts",
    summary="到账列表 · Receipts",
)
async def list_receipts(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    status: Literal["matched", "suspended"] | None = None,
    channel: Channel | None = None,
    district: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> ReceiptPageOut:
    """In the order they were taken. `suspended`: some of the money waits to be identified."""
    wanted = ReceiptFilter(
        suspended=None if status is None else status == "suspended",
        channel=channel.value if channel else None,
        district=at.caller.scope(district),
    )
    filters = {"of": "receipts", "status": status, "channel": channel, "in": wanted.district}
    after = read_uuid(cursor, filters) or NIL

    async def work(tx: AsyncConnection) -> list[ReceiptRow]:
        return await receipt_store.page(tx, wanted, after=after, limit=limit + 1)

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    return ReceiptPageOut(
        items=[ReceiptOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/receipts/{receipt}",
    operation_id="get_receipt",
    summary="到账 · One receipt",
)
async def get_receipt(
    receipt: ReceiptId, at: Annotated[Door, door(Right.READ_COLLECTION)]
) -> ReceiptOut:
    ref = Ref.parse(Reference.RECEIPT, receipt)

    async def work(tx: AsyncConnection) -> ReceiptRow | None:
        return await receipt_store.find(tx, ref)

    found = await at.read(work)
    if found is None:
        raise match_flow.ReceiptUnknown
    at.caller.require_district(found.district)
    return ReceiptOut.of(found)


@router.post(
    "/v1/receipts/{receipt}/matches",
    operation_id="match_receipt",
    summary="认领暂收款 · Identify a receipt in suspense",
    status_code=201,
    response_model=ReceiptOut,
)
async def match_receipt(
    receipt: ReceiptId,
    body: MatchIn,
    at: Annotated[Door, door(Right.MATCH_RECEIPT, money=True)],
) -> Response:
    """Settles the unit's open bill of the period with it, and late charges of that period; what
    they do not need stays."""
    ref = Ref.parse(Reference.RECEIPT, receipt)

    async def work(tx: AsyncConnection) -> ReceiptOut:
        region = at.request.app.state.settings.region
        found = await match_flow.match(
            tx, ref, body.identification(), region=region, caller=at.caller
        )
        return ReceiptOut.of(found)

    return await at.write(work, key=ref.key, status=201)
