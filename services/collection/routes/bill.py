"""Doors of bills (缴费通知单)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.flows import billing as flow
from services.collection.flows import unit as units
from services.collection.flows.billing import REF
from services.collection.routes.page import Cursor, Limit, RefPath, read_key
from services.collection.schemas.bill import BillHeadOut, BillOut, BillPageOut
from services.collection.store import bill as store
from services.collection.store.bill import BillRow
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.ids import Ref, unit_key
from shared.period import PERIOD_PATTERN
from shared.roles import Right
from shared.schema import Code, CreditCode

router = APIRouter(tags=["bills"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.get("/v1/bills", operation_id="list_bills", summary="缴费通知单列表 · Bills")
async def list_bills(
    at: Reading,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    status: Literal["open", "part", "settled"] | None = None,
    district: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> BillPageOut:
    """Of a unit, a district, or all; district people see their own."""
    asked = at.caller.scope(district)
    filters = {
        "of": "bills",
        "unit": credit_code,
        "in": asked,
        "period": period,
        "status": status,
    }
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> list[BillRow]:
        if credit_code is not None:
            await units.find(tx, credit_code, at.caller)
        return await store.page(
            tx,
            unit_id=None if credit_code is None else unit_key(credit_code),
            district=asked,
            period=period,
            status=status,
            after=after,
            limit=limit + 1,
        )

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.unit_id, row.id.hex], filters
    )
    return BillPageOut(
        items=[BillHeadOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get("/v1/bills/{bill}", operation_id="get_bill", summary="缴费通知单 · One bill")
async def get_bill(bill: RefPath, at: Reading) -> BillOut:
    """One sum for all insurances, its lines, and its split by fund."""
    ref = Ref.parse(REF, bill)

    async def work(tx: AsyncConnection) -> BillOut:
        row, lines = await flow.find(tx, ref, at.caller)
        return BillOut.whole(row, lines, await flow.credits_of(tx, row))

    return await at.read(work)
