"""Door of money in transit between the passing accounts and the fiscal account."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query

from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.flows import transit as transit_flow
from services.ledger.reports.routes.parameters import Reading, cubes_of, region_of
from services.ledger.reports.schemas.transit import InTransitsOut
from shared import clock
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/in-transit",
    operation_id="in_transit",
    summary="在途资金与月末清零 · In transit at a cut-off, and the month-end zero",
)
async def in_transit_report(
    at: Reading,
    cut_off: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
) -> InTransitsOut:
    """List what a sweep or a treasury remittance of that day would move, and how long it has waited."""
    require_centre(at.caller)
    await opened(at)
    day = cut_off or clock.today()
    found = await transit_flow.in_transit(cubes_of(at), day)
    return InTransitsOut.of(found, region=region_of(at))
