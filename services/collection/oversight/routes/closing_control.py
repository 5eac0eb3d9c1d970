"""Door of collection's control totals for closing the books (结账控制总数)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.collection.oversight.flows import closing_control as closing_control_flow
from services.collection.oversight.flows.closing_control import FundControl
from shared import clock
from shared.door import Door, door
from shared.roles import CENTRE, Right
from shared.wire.closing import (
    COLLECTION,
    CollectionControlOut,
    CollectionFundControlOut,
    PersonalControlOut,
    control_hash,
)

router = APIRouter()


@router.get(
    "/v1/closing-control",
    operation_id="get_collection_closing_control",
    summary="结账控制总数 · Control totals for closing",
)
async def get_closing_control(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    as_of: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
) -> CollectionControlOut:
    """Return control totals per fund at the end of a day, with their hash, for the ledger's closing."""
    at.caller.require_district(CENTRE)
    day = as_of or clock.today()
    found = await at.read(lambda tx: closing_control_flow.control(tx, day))
    return _out(day, found)


def _out(day: date, found: Mapping[str, FundControl]) -> CollectionControlOut:
    funds = {
        fund: CollectionFundControlOut(
            receivable=one.receivable_fen,
            collected=one.collected_fen,
            personal=PersonalControlOut(
                received=one.received_fen,
                credited=one.credited_fen,
                part_paid=one.part_paid_fen,
                in_delivery=one.in_delivery_fen,
                standing_credits=one.standing_credits_fen,
                unnamed=one.unnamed_fen,
            ),
        )
        for fund, one in found.items()
    }
    hashed = {
        fund: {"receivable": one.receivable, "collected": one.collected}
        | {f"personal.{member}": fen for member, fen in one.personal}
        for fund, one in funds.items()
    }
    return CollectionControlOut(as_of=day, funds=funds, hash=control_hash(COLLECTION, day, hashed))
