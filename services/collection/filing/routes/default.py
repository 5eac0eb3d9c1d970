"""The door that levies a district's units by default when they did not declare."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.filing.flows import default as default_flow
from services.collection.filing.schemas.roll import RollIn
from services.collection.operation import flows as operation_flow
from services.collection.operation.schemas import OperationOut
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/default-declarations",
    max_body_size=BULK_BYTES,
    operation_id="levy_by_default",
    summary="未申报核定 · Levy units by default",
    status_code=202,
    response_model=OperationOut,
)
async def levy_by_default(
    body: RollIn, at: Annotated[Door, door(Right.LEVY_BY_DEFAULT)]
) -> Response:
    """Levy every active unit of the district that declared nothing, after the last day to declare:
    last month's amounts times the policy's factor (社会保险法第六十二条).

    These declarations pass the same two levels. A unit without a month to go by is left out and
    named. A late declaration replaces a default that no summary holds, and corrects a billed one.
    """
    row = default_flow.operation_of(at.region, body.district, body.period, at.caller)
    return await at.write(
        lambda tx: operation_flow.ask(tx, row, at.caller),
        shape=OperationOut.of,
        key=row.operation_key,
        status=202,
    )
