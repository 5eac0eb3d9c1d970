"""Doors of bills (缴费通知单)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.billing.schemas.bill import BillHeadOut, BillOut
from services.collection.register.routes.page import page_of
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION, Right.READ_BILLS)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, Right.READ_BILLS, filters_units=True)]


@router.get("/v1/bills", operation_id="list_bills", summary="缴费通知单列表 · List bills")
async def list_bills(
    at: Listing,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    status: Literal["open", "part", "settled"] | None = None,
    district: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[BillHeadOut]:
    """List bills of a unit, of a district or of all. District staff see their own district."""
    scope = at.caller.scope(district)
    filters = {
        "of": "bills",
        "unit": credit_code,
        "in": scope,
        "period": period,
        "status": status,
    }
    read = partial(billing_bill_flow.page, district=scope, period=period, status=status)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return Page[BillHeadOut].of([BillHeadOut.of(row) for row in rows], following)


@router.get("/v1/bills/{bill}", operation_id="get_bill", summary="缴费通知单 · Get a bill")
async def get_bill(bill: RefPath, at: Reading) -> BillOut:
    """Get a bill: one sum for all insurances, its lines, its split by fund and its credits."""
    ref = Ref.parse(Reference.BILL, bill)

    async def work(tx: AsyncConnection) -> BillOut:
        row, lines = await billing_bill_flow.find(tx, ref, at.caller)
        return BillOut.whole(row, lines, await billing_bill_flow.credits_of(tx, row))

    return await at.read(work)
