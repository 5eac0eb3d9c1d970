"""The door for months that were not declared: a district's units levied by default."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.flows import default as default_flow
from services.collection.filing.schemas.roll import RollIn
from services.collection.operation import flows as operation_flow
from services.collection.operation.schemas import OperationOut
from shared.door import Door, door
from shared.process.settings import Settings
from shared.roles import Right

router = APIRouter()


@router.post(
    "/v1/default-declarations",
    operation_id="levy_by_default",
    summary="未申报核定 · Levy by default who did not declare",
    status_code=202,
    response_model=OperationOut,
)
async def levy_by_default(
    body: RollIn, at: Annotated[Door, door(Right.LEVY_BY_DEFAULT)]
) -> Response:
    """After the last day to declare: for every active unit of the district without a paper of the
    period, last month's amounts times the policy's factor (社会保险法第六十二条). The papers go through
    the same two levels. Who has no month to go by is left out and named. A late declaration takes the
    place of a default that no summary holds, and corrects one that was billed."""
    settings: Settings = at.request.app.state.settings
    row = default_flow.operation_of(settings.region, body.district, body.period, at.caller)

    async def work(tx: AsyncConnection) -> OperationOut:
        return OperationOut.of(await operation_flow.ask(tx, row, at.caller))

    return await at.write(work, key=row.operation_key, status=202)
