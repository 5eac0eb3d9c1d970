"""Doors of cut-offs (汇总截止日); two people set a period's day."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.handling.flows import cut_off as cut_off_flow
from services.collection.handling.schemas.cut_off import (
    CutOffChangeOut,
    CutOffIn,
    CutOffRefusalIn,
    CutOffsOut,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.period import Period
from shared.process.settings import Settings
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Setting = Annotated[Door, door(Right.PUBLISH_POLICY)]


@router.get("/v1/cut-offs", operation_id="list_cut_offs", summary="汇总截止日 · Cut-offs")
async def list_cut_offs(
    at: Annotated[Door, door(Right.READ_COLLECTION, any_unit=True)],
    year: Annotated[int, Query(ge=1990, le=2099)],
) -> CutOffsOut:
    """List the cut-offs of a year's twelve periods: set by two people, or by the city's rule."""
    settings: Settings = at.request.app.state.settings
    found = await at.read(lambda tx: cut_off_flow.of_year(tx, settings.region, year))
    return CutOffsOut.of(found)


@router.post(
    "/v1/cut-offs",
    operation_id="file_cut_off",
    summary="申请公布汇总截止日 · File a period's cut-off",
    status_code=201,
    response_model=CutOffChangeOut,
)
async def file_cut_off(body: CutOffIn, at: Setting) -> Response:
    """File a period's cut-off. It changes nothing before another person approves."""
    settings: Settings = at.request.app.state.settings
    period = Period.parse(body.period)
    return await at.write(
        lambda tx: cut_off_flow.file(
            tx, settings.region, period, body.cut_off_on, body.source, at.caller
        ),
        shape=CutOffChangeOut.of,
        key=cut_off_flow.region_key(settings.region),
        status=201,
    )


@router.post(
    "/v1/cut-off-changes/{change}/approvals",
    operation_id="approve_cut_off",
    summary="批准汇总截止日 · Approve a period's cut-off",
    status_code=201,
    response_model=CutOffChangeOut,
)
async def approve_cut_off(change: RefPath, at: Setting) -> Response:
    """Approve a period's cut-off, as another person. Summaries sent from then on are late after it."""
    ref = Ref.parse(Reference.CUT_OFF_CHANGE, change)
    return await at.write(
        lambda tx: cut_off_flow.approve(tx, ref, at.caller),
        shape=CutOffChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/cut-off-changes/{change}/refusals",
    operation_id="refuse_cut_off",
    summary="不予批准汇总截止日 · Refuse a period's cut-off",
    status_code=201,
    response_model=CutOffChangeOut,
)
async def refuse_cut_off(change: RefPath, body: CutOffRefusalIn, at: Setting) -> Response:
    """Refuse a period's cut-off, as another person. Nothing changes."""
    ref = Ref.parse(Reference.CUT_OFF_CHANGE, change)
    return await at.write(
        lambda tx: cut_off_flow.refuse(tx, ref, body.why, at.caller),
        shape=CutOffChangeOut.of,
        key=ref.key,
        status=201,
    )
