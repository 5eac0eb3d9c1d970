"""Door of quotes (试算)."""

from __future__ import annotations

from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.levy import flows as levy_flow
from services.collection.levy.schemas import QuoteIn, QuoteOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post("/v1/quotes", operation_id="quote", summary="试算 · Quote contributions")
async def quote(body: QuoteIn, at: Annotated[Door, door(Right.QUOTE, any_unit=True)]) -> QuoteOut:
    """Quote contributions by the same calculation as a declaration. Every line is explained;
    nothing is stored."""
    people = [person.taken() for person in body.people]

    async def work(tx: AsyncConnection) -> QuoteOut:
        region = body.region or at.region
        return QuoteOut.of(
            await levy_flow.quote(
                tx, region, body.on, body.facts(), people, body.injury_step, body.unit_size
            )
        )

    return await at.read(work)
