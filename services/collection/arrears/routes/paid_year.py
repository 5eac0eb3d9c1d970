"""Door of what a unit has paid for a year, for payout alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.collection.arrears.flows import paid_year as paid_year_flow
from services.collection.arrears.schemas.paid_year import PaidYearOut
from services.collection.register.routes.page import CreditCodePath
from shared.door import Door, door
from shared.fund import CODE_PATTERN
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/units/{credit_code}/paid-year",
    operation_id="get_paid_year",
    summary="单位年度实缴 · What a unit has paid for a year",
)
async def get_paid_year(
    credit_code: CreditCodePath,
    at: Annotated[Door, door(Right.READ_CONTRIBUTIONS)],
    insurance: Annotated[str, Query(pattern=CODE_PATTERN, examples=["unemployment"])],
    year: Annotated[int, Query(ge=1990, le=2100, examples=[2020])],
) -> PaidYearOut:
    """Get what a unit has paid of an insurance for the months of a year, and its heads.

    Payout computes the stable-job refund from it (稳岗返还).
    """
    found = await at.read(
        lambda tx: paid_year_flow.of_unit(
            tx, credit_code, insurance=insurance, year=year, caller=at.caller
        )
    )
    return PaidYearOut.of(credit_code, found)
