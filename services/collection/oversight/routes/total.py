"""Doors of the figures that join declared, billed, received and open."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.oversight.schemas.total import (
    ChargesOut,
    CollectionTotalsOut,
    ReceivedOut,
    amounts_by,
)
from services.collection.oversight.store import total as total_store
from services.collection.oversight.store.total import Range
from shared.door import Door, door
from shared.period import PERIOD_PATTERN
from shared.roles import Right
from shared.schema import Code

router = APIRouter()

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
    """Per fund and per insurance, over periods from … to inclusive."""
    asked = Range(period_from=period_from, period_to=period_to, district=at.caller.scope(district))

    async def work(tx: AsyncConnection) -> CollectionTotalsOut:
        parts = await total_store.declared(tx, asked) + await total_store.billed(tx, asked)
        parts += await total_store.credits(tx, asked)
        charges = await total_store.billed(tx, asked, charges=True)
        received = await total_store.received(tx, asked)
        return CollectionTotalsOut(
            period_from=period_from,
            period_to=period_to,
            district=asked.district,
            funds=amounts_by((part.fund, part) for part in parts),
            insurances=amounts_by((part.insurance, part) for part in parts),
            charges=ChargesOut.of(charges),
            suspended=received["suspended"],
            received=ReceivedOut(
                bank_debit=received.get("bank_debit", 0), tax=received.get("tax", 0)
            ),
            **await total_store.counts(tx, asked),
        )

    return await at.read(work)
