"""Door of benefit kinds."""

from __future__ import annotations

from typing import Annotated

from services.payout.benefits import flows as benefits_flow
from services.payout.benefits.schemas import BenefitKindOut, BenefitKindsOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/benefit-kinds",
    operation_id="list_benefit_kinds",
    summary="待遇种类与基金科目 · Benefit kinds, dated, with their source",
)
async def list_benefit_kinds(at: Annotated[Door, door(Right.READ_PAYOUT)]) -> BenefitKindsOut:
    """List which fund pays which benefit, and to which account it is booked."""
    rows = await at.read(benefits_flow.kinds)
    return BenefitKindsOut(items=[BenefitKindOut.of(row) for row in rows])
