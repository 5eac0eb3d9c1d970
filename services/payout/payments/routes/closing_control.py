"""The door by which payout says what it paid, for whoever closes the books."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.payout.common.routes import require_centre
from services.payout.payments.store import total as total_store
from shared import clock
from shared.door import Door, door
from shared.roles import Right
from shared.wire.closing import PAYOUT, PayoutControlOut, PayoutFundControlOut, control_hash

router = APIRouter(tags=["totals"])


@router.get(
    "/v1/closing-control",
    operation_id="get_payout_closing_control",
    summary="结账控制总数 · Control totals for closing the books, with their hash",
)
async def get_closing_control(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    as_of: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
) -> PayoutControlOut:
    """Per fund, of all years, at the end of a day: handed to the ledger with a closing."""
    require_centre(at.caller)
    day = as_of or clock.today()
    found = await at.read(lambda tx: total_store.benefits(tx, day))
    return PayoutControlOut(
        as_of=day,
        funds={fund: PayoutFundControlOut(benefits=fen) for fund, fen in found.items()},
        hash=control_hash(PAYOUT, day, {fund: {"benefits": fen} for fund, fen in found.items()}),
    )
