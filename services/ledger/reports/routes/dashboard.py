"""Doors of what dashboards draw: flows, rates, months of payment, warnings and their thresholds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.ledger.common.routes.door import json_answer
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.domain.cube import Narrow
from services.ledger.reports.domain.flow import GroupBy
from services.ledger.reports.flows import dashboard as dashboard_flow
from services.ledger.reports.flows.reading import Reading as Cubes
from services.ledger.reports.schemas.dashboard import (
    CapacitiesOut,
    FlowsOut,
    MeasuresOut,
    capacities_out,
    flow_out,
    measures_out,
)
from services.ledger.reports.schemas.warning import (
    ThresholdsOut,
    WarningsOut,
    threshold_out,
    warnings_out,
)
from services.ledger.rules.domain.threshold import applicable
from services.ledger.rules.store import threshold as threshold_store
from shared import clock
from shared.cursor import LIMIT_MAX, cut, read_cursor
from shared.door import Door, door
from shared.entry import Book
from shared.roles import Right
from shared.schema import Code
from shared.wire.ledger import AccountKey

router = APIRouter(tags=["dashboard"])

Reading = Annotated[Door, door(Right.READ_LEDGER)]
Day = Annotated[date, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31))]
From = Annotated[
    date, Query(alias="from", ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-01"])
]
To = Annotated[
    date, Query(alias="to", ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
]


def cubes_of(door: Door) -> Cubes:
    """The cube of this process."""
    cubes: Cubes = door.request.app.state.reading
    return cubes


def region_of(door: Door) -> str:
    """统筹区: these books are of one region."""
    return str(door.request.app.state.region)


@router.get(
    "/v1/funds/flows",
    operation_id="fund_flows",
    summary="基金收支流量 · What moved between two days",
    response_model=FlowsOut,
)
async def fund_flows(  # noqa: PLR0913 - one parameter a filter
    door: Reading,
    from_day: From,
    to_day: To,
    group_by: GroupBy = GroupBy.ACCOUNT,
    fund: Code | None = None,
    book: Book | None = None,
    account: AccountKey | None = None,
    district: Code | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_MAX,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> Response:
    """Opening, debit, credit and closing of each account by account, district, day or month.

    An account of the chart covers its parts: `benefit` is every 待遇支出. District people see theirs.
    """
    books = await opened(door)
    scope = door.caller.scope(district)
    narrow = Narrow(book=book.value if book else None, fund=fund, account=account, district=scope)
    filters = {
        "from": from_day,
        "to": to_day,
        "by": group_by,
        "fund": fund,
        "book": book,
        "account": account,
        "district": scope,
    }
    after = tuple(read_cursor(cursor, filters, (str, str, str, str))) if cursor else None
    found = await door.read(
        lambda tx: dashboard_flow.flows(tx, cubes_of(door), from_day, to_day, group_by, narrow)
    )
    rest = [one for one in found if after is None or one.key > after]
    page, next_cursor = cut(rest, limit, lambda one: list(one.key), filters)
    return json_answer(
        FlowsOut(
            region=region_of(door),
            from_day=from_day,
            to_day=to_day,
            group_by=group_by,
            district=scope,
            items=[flow_out(books.catalogue, one, group_by, scope) for one in page],
            next_cursor=next_cursor,
            has_more=next_cursor is not None,
        )
    )


@router.get(
    "/v1/measures/collection",
    operation_id="collection_measures",
    summary="征缴率、到账率 · Collection rate and arrival rate of every fund",
    response_model=MeasuresOut,
)
async def collection_measures(
    door: Reading, from_day: From, to_day: To, district: Code | None = None
) -> Response:
    """Rates between two days with their definitions; each figure leads to its entries."""
    books = await opened(door)
    scope = door.caller.scope(district)
    found = await door.read(
        lambda tx: dashboard_flow.collection(
            tx, cubes_of(door), books.catalogue, from_day, to_day, scope
        )
    )
    return json_answer(
        measures_out(
            books.catalogue,
            found,
            region=region_of(door),
            district=scope,
            first=from_day,
            last=to_day,
        )
    )


@router.get(
    "/v1/measures/capacity",
    operation_id="capacity_measures",
    summary="可支付月数 · How many months the savings of every fund last",
    response_model=CapacitiesOut,
)
async def capacity_measures(door: Reading, as_of: Day | None = None) -> Response:
    """Months of payment capacity by the end of a day."""
    require_centre(door.caller)
    books = await opened(door)
    day = as_of or clock.today()
    found = await door.read(
        lambda tx: dashboard_flow.capacity(tx, cubes_of(door), books.catalogue, day)
    )
    return json_answer(capacities_out(books.catalogue, found, region=region_of(door), as_of=day))


@router.get(
    "/v1/warnings",
    operation_id="fund_warnings",
    summary="基金风险预警 · Warnings of a day",
    response_model=WarningsOut,
)
async def fund_warnings(door: Reading, as_of: Day | None = None) -> Response:
    """Funds whose measures have crossed a threshold; rates are of the year up to the day."""
    require_centre(door.caller)
    books = await opened(door)
    day = as_of or clock.today()
    found, _ = await door.read(
        lambda tx: dashboard_flow.warned(tx, cubes_of(door), books.catalogue, day)
    )
    return json_answer(warnings_out(books.catalogue, found, region=region_of(door), as_of=day))


@router.get(
    "/v1/warning-thresholds",
    operation_id="warning_thresholds",
    summary="预警阈值 · Thresholds in force on a day",
)
async def warning_thresholds(door: Reading, as_of: Day | None = None) -> ThresholdsOut:
    """The thresholds in force on a day, with their sources."""
    day = as_of or clock.today()
    rows = applicable(await door.read(threshold_store.load), day)
    return ThresholdsOut(as_of=day, items=[threshold_out(row) for row in rows])
