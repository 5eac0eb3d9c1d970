"""The tax bureau's door."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.receipts.flows import tax_push as tax_push_flow
from services.collection.receipts.schemas.receipt import TaxPushIn, TaxPushOut
from shared.door import Door, door
from shared.roles import Right

router = APIRouter(tags=["receipts"])


@router.post(
    "/v1/tax-pushes",
    operation_id="push_tax",
    summary="税务推送征收明细 · Push what the tax bureau collected",
    response_model=TaxPushOut,
)
async def push_tax(
    body: TaxPushIn, at: Annotated[Door, door(Right.PUSH_TAX, money=True)]
) -> Response:
    """Every line becomes a receipt, once for ever by (source, serial): the same line again changes
    nothing, another line under the same serial is rejected. Totals that do not tie: nothing is taken.
    """

    async def work(tx: AsyncConnection) -> TaxPushOut:
        region = at.request.app.state.settings.region
        pushed = await tax_push_flow.take_push(tx, body.push(), region=region, caller=at.caller)
        return TaxPushOut.of(pushed)

    return await at.write(work, key=tax_push_flow.push_key(at.caller.subject, body.push_no))
