"""The door for months without changes: a district's declarations carried on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.flows import roll as roll_flow
from services.collection.filing.schemas.roll import RollIn
from services.collection.operation import flows as operation_flow
from services.collection.operation.schemas import OperationOut
from shared.door import Door, door
from shared.process.settings import Settings
from shared.roles import Right

router = APIRouter()


@router.post(
    "/v1/declaration-rolls",
    operation_id="carry_declarations_on",
    summary="无变化月度结转 · Carry on declarations in which nothing changed",
    status_code=202,
    response_model=OperationOut,
)
async def carry_declarations_on(
    body: RollIn, at: Annotated[Door, door(Right.SUBMIT_DECLARATION)]
) -> Response:
    """For every unit of the district that declared last month and nothing yet in this one: the same
    people and wages, less who has left, levied by the rules of this month. Units that somebody joined
    are left out and named; they declare. Within a declaration year only."""
    settings: Settings = at.request.app.state.settings
    row = roll_flow.operation_of(settings.region, body.district, body.period, at.caller)

    async def work(tx: AsyncConnection) -> OperationOut:
        return OperationOut.of(await operation_flow.ask(tx, row, at.caller))

    return await at.write(work, key=row.operation_key, status=202)
