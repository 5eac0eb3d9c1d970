"""Door of benefit quotes (待遇试算)."""

from __future__ import annotations

from typing import Annotated

from services.payout.formulas.flows import quote as benefit_quote_flow
from services.payout.formulas.schemas.quote import BenefitQuoteIn, BenefitQuoteOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["formulas"])


@router.post(
    "/v1/benefit-quotes",
    operation_id="quote_benefit",
    summary="待遇试算 · Quote a benefit",
)
async def quote_benefit(
    body: BenefitQuoteIn, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> BenefitQuoteOut:
    """Quote a benefit from the caller's inputs by the rows of a day. Every step names its formula,
    its rounding and its rows; nothing is stored."""
    given = body.benefit.inputs()
    quote = await at.read(
        lambda tx: benefit_quote_flow.quote_benefit(tx, at.region, body.on, given)
    )
    return BenefitQuoteOut.of(body.benefit.kind, body.on, at.region, quote)
