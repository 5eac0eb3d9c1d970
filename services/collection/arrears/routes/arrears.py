"""Doors of arrears (欠费) and of the late charges that were assessed."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query

from services.collection.arrears.flows import arrears as arrears_flow
from services.collection.arrears.flows import charges as charges_flow
from services.collection.arrears.schemas.arrears import (
    ArrearsOut,
    ArrearsQueryIn,
    ArrearsQueryOut,
    ChargeOut,
    UnitArrearsOut,
)
from services.collection.common.schemas.common import Day
from services.collection.flags import flows as flags_flow
from services.collection.flags.domain import BlockedService
from services.collection.register.routes.page import CreditCodePath
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page, page_by_id
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Asking = Annotated[Door, door(Right.READ_COLLECTION, Right.READ_ARREARS)]


@router.get(
    "/v1/units/{credit_code}/arrears",
    operation_id="get_arrears",
    summary="单位欠费 · Get a unit's arrears",
)
async def get_arrears(
    credit_code: CreditCodePath,
    at: Asking,
    as_of: Annotated[Day | None, Query()] = None,
    explain: bool = False,
) -> ArrearsOut:
    """Get what a unit owed at the end of a day (today by default), as booked until then.

    The answer includes the late fee and interest accrued by that day; with `explain`, also how they
    were computed.
    """
    day = as_of or today()
    district, found = await at.read(
        lambda tx: arrears_flow.of_unit(
            tx, credit_code, region=at.region, as_of=day, caller=at.caller
        )
    )
    blocked = await at.read(
        lambda tx: flags_flow.blocking(tx, credit_code, BlockedService.CLAIM, today())
    )
    return ArrearsOut.of(credit_code, district, day, found, explain=explain, blocked=blocked)


@router.post(
    "/v1/arrears-queries",
    operation_id="query_arrears",
    summary="批量查询欠费 · Get the arrears of many units",
)
async def query_arrears(body: ArrearsQueryIn, at: Asking) -> ArrearsQueryOut:
    """Get the arrears of up to 1,000 units.

    If any unit is not registered, the request is refused and every such unit is named.
    """
    day = body.day()
    found = await at.read(
        lambda tx: arrears_flow.of_units(
            tx, body.credit_codes, region=at.region, as_of=day, caller=at.caller
        )
    )
    return ArrearsQueryOut(
        as_of=day,
        items=[UnitArrearsOut.of(code, found[code]) for code in dict.fromkeys(body.credit_codes)],
    )


@router.get(
    "/v1/units/{credit_code}/charges",
    operation_id="list_charges",
    summary="滞纳金与利息 · List a unit's late charges",
)
async def list_charges(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[ChargeOut]:
    """List late charges, oldest first, each with its explanation and its bill."""
    filters = {"of": "charges", "unit": credit_code}
    read = partial(charges_flow.page, credit_code=credit_code, caller=at.caller)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[ChargeOut].of([ChargeOut.of(row) for row in rows], following)
