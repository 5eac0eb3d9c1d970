"""Door of payout's control totals, for closing the books."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query

from services.payout.common.routes import require_centre
from services.payout.common.schemas import EARLIEST, LATEST
from services.payout.payments.flows import total as total_flow
from services.payout.payments.flows.total import PaperQuery
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter
from shared.wire.closing import (
    PAYOUT,
    ControlPaperOut,
    ItemTotalsOut,
    PayoutControlOut,
    PayoutFundControlOut,
    control_hash,
    hashed_items,
)
from shared.wire.control_item import ControlItem

router = DoorRouter()


@router.get(
    "/v1/closing-control",
    operation_id="get_payout_closing_control",
    summary="结账控制总数 · Control totals for closing the books, with their hash",
)
async def get_closing_control(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    as_of: Annotated[date | None, Query(ge=EARLIEST, le=LATEST, examples=["2021-07-31"])] = None,
) -> PayoutControlOut:
    """Sum each fund's benefits, of all years, at the end of a day; the ledger closes with them."""
    require_centre(at.caller)
    day = as_of or today()
    totals = await at.read(lambda tx: total_flow.benefits(tx, day))
    item = ControlItem.BENEFITS
    funds = {
        fund: PayoutFundControlOut(
            benefits=one.business_fen,
            items={item: ItemTotalsOut.of(one)},
        )
        for fund, one in totals.items()
    }
    hashed = {
        fund: {"benefits": one.business_fen} | hashed_items({item: one})
        for fund, one in totals.items()
    }
    return PayoutControlOut(as_of=day, funds=funds, hash=control_hash(PAYOUT, day, hashed))


@router.get(
    "/v1/closing-control/papers",
    operation_id="list_payout_control_papers",
    summary="三数差异单据 · Claims behind a difference of a closing",
)
async def list_control_papers(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    fund: Annotated[Code, Query(examples=["pension"])],
    item: Literal[ControlItem.BENEFITS] = ControlItem.BENEFITS,
    as_of: Annotated[date | None, Query(ge=EARLIEST, le=LATEST, examples=["2021-07-31"])] = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    differing: Annotated[
        bool, Query(description="只列业务数与统计数不同者 (only claims that differ)")
    ] = True,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ControlPaperOut]:
    """List paid claims whose payments differ from their own lines."""
    require_centre(at.caller)
    query = PaperQuery(fund=fund, as_of=as_of or today(), period=period, differing=differing)
    rows, following = await at.read(lambda tx: total_flow.papers(tx, query, cursor, limit))
    items = [
        ControlPaperOut(
            paper=Ref(row.key, row.id).text(Reference.CLAIM),
            fund=row.fund,
            period=row.period,
            business=row.business_fen,
            statistics=row.statistics_fen,
            difference=row.business_fen - row.statistics_fen,
        )
        for row in rows
    ]
    return Page[ControlPaperOut].of(items, following)
