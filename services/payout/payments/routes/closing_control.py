"""Door of payout's control totals, for closing the books."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.payout.common.routes import require_centre
from services.payout.common.schemas import EARLIEST, LATEST
from services.payout.payments.flows import total as total_flow
from shared.clock import today
from shared.door import Door, door
from shared.roles import Right
from shared.wire.closing import PAYOUT, PayoutControlOut, PayoutFundControlOut, control_hash

router = APIRouter()


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
    totals = await at.read(lambda tx: total_flow.benefits_until(tx, day))
    return PayoutControlOut(
        as_of=day,
        funds={fund: PayoutFundControlOut(benefits=fen) for fund, fen in totals.items()},
        hash=control_hash(PAYOUT, day, {fund: {"benefits": fen} for fund, fen in totals.items()}),
    )
