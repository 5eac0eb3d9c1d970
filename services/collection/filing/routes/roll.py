"""The door that carries a district's declarations on into a month without changes."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.filing.flows import roll as roll_flow
from services.collection.filing.schemas.roll import RollIn
from services.collection.operation import flows as operation_flow
from services.collection.operation.schemas import OperationOut
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/declaration-rolls",
    max_body_size=BULK_BYTES,
    operation_id="carry_declarations_on",
    summary="无变化月度结转 · Carry declarations on",
    status_code=202,
    response_model=OperationOut,
)
async def carry_declarations_on(
    body: RollIn, at: Annotated[Door, door(Right.SUBMIT_DECLARATION)]
) -> Response:
    """Carry on every unit of the district that declared last month and nothing yet in this one: the
    same people and wages, without people who left, levied by the rules of this month.

    Units that somebody joined are left out and named; they declare. Only within a declaration year.
    """
    row = roll_flow.operation_of(at.region, body.district, body.period, at.caller)
    return await at.write(
        lambda tx: operation_flow.ask(tx, row, at.caller),
        shape=OperationOut.of,
        key=row.operation_key,
        status=202,
    )
