"""Doors of the workdays of a year (工作日); two people set them."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.workdays import flows as workdays_flow
from services.collection.workdays.domain import year_key
from services.collection.workdays.schemas import (
    WorkdaysChangeOut,
    WorkdaysIn,
    WorkdaysOut,
    WorkdaysRefusalIn,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Deciding = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.get("/v1/workdays", operation_id="list_workdays", summary="工作日 · List the workdays")
async def list_workdays(at: Annotated[Door, door(Right.READ_COLLECTION)]) -> WorkdaysOut:
    """List each year's days off and the weekend days that are worked, with the notice that says so."""
    return WorkdaysOut.of(await at.read(workdays_flow.calendar))


@router.post(
    "/v1/workdays",
    operation_id="file_workdays",
    summary="录入年度放假安排 · File the workdays of a year",
    status_code=201,
    response_model=WorkdaysChangeOut,
)
async def file_workdays(
    body: WorkdaysIn, at: Annotated[Door, door(Right.PROPOSE_CORRECTION)]
) -> Response:
    """File all days of a year as its notice says. It changes nothing before another person approves."""
    return await at.write(
        lambda tx: workdays_flow.file(tx, body.days(), at.caller),
        shape=WorkdaysChangeOut.of,
        key=year_key(body.year),
        status=201,
    )


@router.post(
    "/v1/workday-changes/{change}/approvals",
    operation_id="approve_workdays",
    summary="批准年度放假安排 · Approve the workdays of a year",
    status_code=201,
    response_model=WorkdaysChangeOut,
)
async def approve_workdays(change: RefPath, at: Deciding) -> Response:
    """Approve the days of a year, as another person. Papers made from now on are due by them; a
    bill that is issued keeps its due day."""
    ref = Ref.parse(Reference.WORKDAYS_CHANGE, change)
    return await at.write(
        lambda tx: workdays_flow.approve(tx, ref, at.caller),
        shape=WorkdaysChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/workday-changes/{change}/refusals",
    operation_id="refuse_workdays",
    summary="不予批准年度放假安排 · Refuse the workdays of a year",
    status_code=201,
    response_model=WorkdaysChangeOut,
)
async def refuse_workdays(change: RefPath, body: WorkdaysRefusalIn, at: Deciding) -> Response:
    """Refuse the days of a year, as another person. Nothing changes."""
    ref = Ref.parse(Reference.WORKDAYS_CHANGE, change)
    return await at.write(
        lambda tx: workdays_flow.refuse(tx, ref, body.why, at.caller),
        shape=WorkdaysChangeOut.of,
        key=ref.key,
        status=201,
    )
