"""Door of a month of the expenditure account."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from services.ledger.posting.flows.voucher import require_centre
from services.ledger.settlement.flows import spending as spending_flow
from services.ledger.settlement.schemas.spending import FundSpendingOut, SpendingOut
from shared.door import Door, door
from shared.period import PERIOD_PATTERN, Period
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/spending/{month}",
    operation_id="read_spending",
    summary="支出户收支 · A month of the expenditure account by fund and benefit",
)
async def read_spending(
    month: Annotated[str, Path(pattern=PERIOD_PATTERN, examples=["2021-08"])],
    at: Annotated[Door, door(Right.READ_LEDGER, Right.READ_BALANCES, Right.HOLD)],
) -> SpendingOut:
    """Read what came from the fiscal account, was paid and came back, beside the year's budget."""
    require_centre(at.caller)
    period = Period.parse(month)
    funds = await at.read(lambda tx: spending_flow.of_month(tx, period))
    return SpendingOut(month=period, funds=[FundSpendingOut.of(one, period) for one in funds])
