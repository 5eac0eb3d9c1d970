"""Doors of dashboards: flows, collection rates, months of payment, warnings and their thresholds."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.domain.cube import CubeFilter
from services.ledger.reports.domain.flow import GroupBy
from services.ledger.reports.flows import dashboard as dashboard_flow
from services.ledger.reports.flows.dashboard import FlowQuery
from services.ledger.reports.routes.parameters import (
    Day,
    From,
    ReadingSums,
    To,
    cubes_of,
    region_of,
)
from services.ledger.reports.schemas.dashboard import CapacitiesOut, FlowsOut, MeasuresOut
from services.ledger.reports.schemas.warning import ThresholdsOut, WarningsOut
from shared import clock
from shared.cursor import LIMIT_MAX
from shared.entry import Book
from shared.page import Limit
from shared.schema import Code
from shared.web.door_router import DoorRouter
from shared.wire.ledger import AccountKey

router = DoorRouter()


@router.get(
    "/v1/funds/flows",
    operation_id="fund_flows",
    summary="基金收支流量 · Movements between two days",
)
async def fund_flows(  # noqa: PLR0913 - one parameter a filter
    at: ReadingSums,
    from_day: From,
    to_day: To,
    group_by: GroupBy = GroupBy.ACCOUNT,
    fund: Code | None = None,
    book: Book | None = None,
    account: AccountKey | None = None,
    district: Code | None = None,
    limit: Limit = LIMIT_MAX,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> FlowsOut:
    """List opening, debits, credits and closing of each account by account, district, day or month.

    An account of the chart includes its parts: `benefit` is every 待遇支出. District users see
    their own district.
    """
    books = await opened(at)
    narrow = CubeFilter(
        book=book.value if book else None,
        fund=fund,
        account=account,
        district=at.caller.scope(district),
    )
    query = FlowQuery(first=from_day, last=to_day, group_by=group_by, narrow=narrow)
    rows, following = await dashboard_flow.flow_page(cubes_of(at), query, cursor, limit)
    return FlowsOut.of(books.catalogue, query, rows, following, region=region_of(at))


@router.get(
    "/v1/measures/collection",
    operation_id="collection_measures",
    summary="征缴率、到账率 · Collection rate and arrival rate of every fund",
)
async def collection_measures(
    at: ReadingSums, from_day: From, to_day: To, district: Code | None = None
) -> MeasuresOut:
    """Read the rates between two days with their definitions; each figure links to its entries."""
    books, scope = await opened(at), at.caller.scope(district)
    rates = await at.read(
        lambda tx: dashboard_flow.collection_rates(
            tx, cubes_of(at), books.catalogue, from_day, to_day, scope
        )
    )
    return MeasuresOut.of(
        books.catalogue, rates, region=region_of(at), district=scope, first=from_day, last=to_day
    )


@router.get(
    "/v1/measures/capacity",
    operation_id="capacity_measures",
    summary="可支付月数 · How many months the savings of every fund last",
)
async def capacity_measures(at: ReadingSums, as_of: Day | None = None) -> CapacitiesOut:
    """Read the months of payment capacity at the end of a day."""
    require_centre(at.caller)
    books, day = await opened(at), as_of or clock.today()
    found = await at.read(
        lambda tx: dashboard_flow.payment_capacity(tx, cubes_of(at), books.catalogue, day)
    )
    return CapacitiesOut.of(books.catalogue, found, region=region_of(at), as_of=day)


@router.get(
    "/v1/warnings",
    operation_id="fund_warnings",
    summary="基金风险预警 · Warnings of a day",
)
async def fund_warnings(at: ReadingSums, as_of: Day | None = None) -> WarningsOut:
    """List funds whose measures have crossed a threshold; rates are those of the year to date."""
    require_centre(at.caller)
    books, day = await opened(at), as_of or clock.today()
    crossed = await at.read(
        lambda tx: dashboard_flow.crossed_thresholds(tx, cubes_of(at), books.catalogue, day)
    )
    return WarningsOut.of(books.catalogue, crossed, region=region_of(at), as_of=day)


@router.get(
    "/v1/warning-thresholds",
    operation_id="warning_thresholds",
    summary="预警阈值 · Thresholds in force on a day",
)
async def warning_thresholds(at: ReadingSums, as_of: Day | None = None) -> ThresholdsOut:
    """List the thresholds in force on a day, with their sources."""
    day = as_of or clock.today()
    return ThresholdsOut.of(await at.read(lambda tx: dashboard_flow.thresholds(tx, day)), day)
