"""Door of collection's totals (征缴合计)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.flows import total as total_flow
from services.collection.oversight.schemas.total import CollectionTotalsOut
from services.collection.oversight.store.total import PeriodRange
from shared.door import Door, door
from shared.period import PERIOD_PATTERN
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()

EARLIEST, LATEST = "1900-01", "2099-12"
PeriodText = Annotated[str, Query(pattern=PERIOD_PATTERN)]


@router.get(
    "/v1/totals",
    operation_id="get_collection_totals",
    summary="征缴合计 · Collection's totals",
)
async def get_totals(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    period_from: PeriodText = EARLIEST,
    period_to: PeriodText = LATEST,
    district: Annotated[Code | None, Query()] = None,
) -> CollectionTotalsOut:
    """Return totals per fund and per insurance over a range of periods, both ends included."""
    periods = PeriodRange(
        period_from=period_from, period_to=period_to, district=at.caller.scope(district)
    )

    async def work(tx: AsyncConnection) -> CollectionTotalsOut:
        return CollectionTotalsOut.of(await total_flow.totals(tx, periods))

    return await at.read(work)
