"""Doors of arrears (欠费): one unit's, many units' at once, and the charges that were fixed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.arrears import Receivable
from services.collection.arrears.flows import arrears as arrears_flow
from services.collection.arrears.schemas.arrears import (
    ArrearsOut,
    ArrearsQueryIn,
    ArrearsQueryOut,
    ChargeOut,
    ChargePageOut,
    UnitArrearsOut,
)
from services.collection.arrears.store import charge as charge_store
from services.collection.arrears.store.charge import ChargeRow
from services.collection.common.schemas.common import Day
from services.collection.register.flows import unit as unit_flow
from services.collection.register.routes.page import CreditCodePath
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import unit_key
from shared.page import Cursor, Limit
from shared.roles import Right

router = APIRouter(tags=["arrears"])
NIL = UUID(int=0)
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.get(
    "/v1/units/{credit_code}/arrears",
    operation_id="get_arrears",
    summary="单位欠费 · What a unit owes",
)
async def get_arrears(
    credit_code: CreditCodePath,
    at: Reading,
    as_of: Annotated[Day | None, Query()] = None,
    explain: bool = False,
) -> ArrearsOut:
    """At the end of a day (today when not said), by what had been booked until then; with the late
    fee and interest that had accrued, and why when asked to explain."""
    day = as_of or today()

    async def work(tx: AsyncConnection) -> list[Receivable]:
        region = at.request.app.state.settings.region
        return await arrears_flow.of_unit(
            tx, credit_code, region=region, as_of=day, caller=at.caller
        )

    return ArrearsOut.of(credit_code, day, await at.read(work), explain=explain)


@router.post(
    "/v1/arrears-queries",
    operation_id="query_arrears",
    summary="批量查询欠费 · What many units owe",
)
async def query_arrears(body: ArrearsQueryIn, at: Reading) -> ArrearsQueryOut:
    """Up to 1,000 units in a few statements. Nothing is answered when a unit is not registered:
    every one that is not is named."""
    day = body.day()

    async def work(tx: AsyncConnection) -> dict[str, list[Receivable]]:
        region = at.request.app.state.settings.region
        return await arrears_flow.of_units(
            tx, body.credit_codes, region=region, as_of=day, caller=at.caller
        )

    found = await at.read(work)
    return ArrearsQueryOut(
        as_of=day,
        items=[UnitArrearsOut.of(code, found[code]) for code in dict.fromkeys(body.credit_codes)],
    )


@router.get(
    "/v1/units/{credit_code}/charges",
    operation_id="list_charges",
    summary="滞纳金与利息 · Charges fixed when a unit paid late",
)
async def list_charges(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> ChargePageOut:
    """Oldest first, each with its explanation and the bill that asks for it."""
    filters = {"of": "charges", "unit": credit_code}
    after = read_uuid(cursor, filters) or NIL

    async def work(tx: AsyncConnection) -> list[ChargeRow]:
        await unit_flow.find(tx, credit_code, at.caller)
        return await charge_store.page(tx, unit_key(credit_code), after=after, limit=limit + 1)

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    return ChargePageOut(
        items=[ChargeOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )
