"""Door of one step on all of a district's declarations of a period."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.declaration import Act
from services.collection.handling.flows import district_steps as district_steps_flow
from services.collection.handling.schemas.district_steps import DistrictStepIn, DistrictStepOut
from shared.door import Door, door
from shared.ids import district_key
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/district-steps",
    operation_id="take_district_step",
    summary="整批受理、复核 · One step on all of a district's declarations of a period",
    status_code=201,
    response_model=DistrictStepOut,
)
async def take_district_step(
    body: DistrictStepIn,
    at: Annotated[Door, door(Right.ACCEPT_DECLARATION, Right.REVIEW_DECLARATION)],
) -> Response:
    """Move all declarations that wait for the step if the control totals agree; otherwise none."""

    async def work(tx: AsyncConnection) -> DistrictStepOut:
        moved = await district_steps_flow.take(
            tx, body.district, body.period, Act(body.step), body.stated(), at.caller
        )
        return DistrictStepOut(
            district=body.district,
            period=str(body.period),
            step=body.step,
            declarations=moved.declarations,
            people=moved.people,
            total=moved.total_fen,
        )

    return await at.write(work, key=district_key(body.district), status=201)
