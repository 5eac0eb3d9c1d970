"""The door of what is in transit between the passing accounts and the fiscal one."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from services.ledger.common.routes.door import json_answer
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.domain.transit import in_transit, last_month_end, left_at_month_end
from services.ledger.reports.routes.dashboard import cubes_of, region_of
from services.ledger.reports.schemas.dashboard import entries_path
from shared import clock
from shared.door import Door, door
from shared.entry import Book
from shared.roles import Right
from shared.schema import Out, YuanOut

router = APIRouter(tags=["settlement"])

Reading = Annotated[Door, door(Right.READ_LEDGER)]


class InTransitOut(Out):
    """A balance of one fund and district that has not reached the fiscal account."""

    fund: str
    account: str
    district: str
    amount: YuanOut
    since: date | None
    days: int | None = Field(description="在途天数 (days since)")
    later: YuanOut = Field(
        description="截止日后入账,归下次结算 (after the cut-off: the next one's)"
    )
    entries: str


class MonthEndOut(Out):
    """Whether the income account stood at zero at a month's end; what was left, by fund."""

    day: date
    is_zero: bool
    left: dict[str, YuanOut]


class InTransitsOut(Out):
    """Everything in transit at a cut-off, and the last month's end."""

    region: str
    cut_off: date
    total: YuanOut
    items: list[InTransitOut]
    month_end: MonthEndOut


@router.get(
    "/v1/in-transit",
    operation_id="in_transit",
    summary="在途资金与月末清零 · In transit at a cut-off, and the month-end zero",
    response_model=InTransitsOut,
)
async def in_transit_report(
    door: Reading,
    cut_off: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
) -> Response:
    """What the sweep (or the treasury's remittance) of a day would move, and since when it waits."""
    require_centre(door.caller)
    await opened(door)
    day = cut_off or clock.today()
    cube = await door.read(cubes_of(door).cube)
    found, month_end = in_transit(cube, day), last_month_end(day)
    left = left_at_month_end(cube, month_end)
    return json_answer(
        InTransitsOut(
            region=region_of(door),
            cut_off=day,
            total=sum(one.amount_fen for one in found),
            items=[
                InTransitOut(
                    fund=one.fund,
                    account=one.account,
                    district=one.district,
                    amount=one.amount_fen,
                    since=one.since,
                    days=(day - one.since).days if one.since else None,
                    later=one.later_fen,
                    entries=entries_path(
                        one.account,
                        fund=one.fund,
                        book=Book.STATUTORY.value,
                        district=one.district,
                        first=one.since or day,
                        last=day,
                    ),
                )
                for one in found
            ],
            month_end=MonthEndOut(day=month_end, is_zero=not left, left=left),
        )
    )
