"""Doors of the figures that join declared, billed, received and open."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain.errors import UnitUnknown
from services.collection.schemas.receipt import Day
from services.collection.schemas.totals import (
    ArrearsOut,
    ReceivedOut,
    TotalsOut,
    amounts_by,
)
from services.collection.store import receipt as receipt_store
from services.collection.store import totals as store
from services.collection.store.totals import Arrear, Range
from shared.clock import today
from shared.door import Door, door
from shared.period import PERIOD_PATTERN
from shared.roles import Caller, Right
from shared.schema import Code

router = APIRouter(tags=["totals"])

EARLIEST, LATEST = "1900-01", "2099-12"
PeriodText = Annotated[str, Query(pattern=PERIOD_PATTERN)]


@router.get(
    "/v1/units/{credit_code}/arrears",
    operation_id="get_arrears",
    summary="单位欠费 · What a unit owes",
)
async def get_arrears(
    credit_code: Annotated[str, Path(pattern=r"^[0-9A-Z]{18}$")],
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    as_of: Annotated[Day | None, Query()] = None,
) -> ArrearsOut:
    """At the end of a day (today when not said), by what had been booked until then."""
    day = as_of or today()

    async def work(tx: AsyncConnection) -> list[Arrear]:
        return await _arrears(tx, credit_code, day, at.caller)

    return ArrearsOut.of(credit_code, day, await at.read(work))


async def _arrears(
    tx: AsyncConnection, credit_code: str, day: date, caller: Caller
) -> list[Arrear]:
    unit = (await receipt_store.payers(tx, [credit_code])).get(credit_code)
    if unit is None:
        raise UnitUnknown(credit_code=credit_code)
    caller.require_district(unit.district)
    return await store.arrears(tx, unit.unit_id, credit_code, day)


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
) -> TotalsOut:
    """Per fund and per insurance, over periods from … to inclusive."""
    asked = Range(period_from=period_from, period_to=period_to, district=at.caller.scope(district))

    async def work(tx: AsyncConnection) -> TotalsOut:
        parts = await store.declared(tx, asked) + await store.billed(tx, asked)
        received = await store.received(tx, asked)
        return TotalsOut(
            period_from=period_from,
            period_to=period_to,
            district=asked.district,
            funds=amounts_by((part.fund, part) for part in parts),
            insurances=amounts_by((part.insurance, part) for part in parts),
            suspended=received["suspended"],
            received=ReceivedOut(
                bank_debit=received.get("bank_debit", 0), tax=received.get("tax", 0)
            ),
            **await store.counts(tx, asked),
        )

    return await at.read(work)
