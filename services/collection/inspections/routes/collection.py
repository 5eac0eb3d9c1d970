"""Doors that collect what inspections have found (补收), close cases, and add up the money."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.filing.schemas.declaration import DeclarationOut
from services.collection.inspections.flows import collection as inspection_collection_flow
from services.collection.inspections.schemas.case import (
    CaseDeclarationIn,
    CollectedTotalsOut,
    InspectionClosingIn,
    InspectionDetailOut,
    MonthCorrectionIn,
)
from services.collection.register.flows.enrolment import Vault
from shared.clock import today
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["inspections"])
Submitting = Annotated[Door, door(Right.SUBMIT_DECLARATION)]


@router.post(
    "/v1/inspections/{inspection}/corrections",
    operation_id="correct_inspected_month",
    summary="按处理决定更正申报 · Correct a month by its upheld findings",
    status_code=201,
    response_model=DeclarationOut,
)
async def correct_inspected_month(
    inspection: RefPath, body: MonthCorrectionIn, at: Submitting
) -> Response:
    """Hand in the month as declared, with the wages that were found.

    It is a correction like any other: the district and the centre handle it, and it is billed.
    """
    ref = Ref.parse(Reference.INSPECTION, inspection)
    identity: Identity = at.request.app.state.identity
    vault = Vault.of(identity.pepper, identity.field_keys)
    return await at.write(
        lambda tx: inspection_collection_flow.correct_month(
            tx, ref, body.period, region=at.region, vault=vault, caller=at.caller
        ),
        shape=DeclarationOut.whole,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/declarations",
    operation_id="link_inspection_declaration",
    summary="关联补报、更正申报 · Let a declaration of the unit collect what was found",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def link_inspection_declaration(
    inspection: RefPath,
    body: CaseDeclarationIn,
    at: Annotated[Door, door(Right.OPEN_INSPECTION)],
) -> Response:
    """Link a declaration of the unit and a month with upheld findings, before it is paid."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    declaration = Ref.parse(Reference.DECLARATION, body.declaration)
    return await at.write(
        lambda tx: inspection_collection_flow.link_declaration(
            tx, ref, declaration, caller=at.caller
        ),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/inspections/{inspection}/closings",
    operation_id="close_inspection",
    summary="稽核结案 · Close a case",
    status_code=201,
    response_model=InspectionDetailOut,
)
async def close_inspection(
    inspection: RefPath,
    body: InspectionClosingIn,
    at: Annotated[Door, door(Right.DECIDE_INSPECTION)],
) -> Response:
    """Close a case: everything collected, or another outcome with its reason."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    return await at.write(
        lambda tx: inspection_collection_flow.close(
            tx, ref, body.outcome, body.reason, today=today(), caller=at.caller
        ),
        shape=InspectionDetailOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/inspection-totals",
    operation_id="get_inspection_totals",
    summary="稽核补收汇总 · Money that came in for findings, by year and district",
)
async def get_inspection_totals(
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    year: Annotated[int | None, Query(ge=1990, le=2200)] = None,
    district: Annotated[Code | None, Query(examples=["heping"])] = None,
) -> CollectedTotalsOut:
    """Add up what was paid for findings, by year of booking, district and insurance."""
    return CollectedTotalsOut.of(
        await at.read(
            lambda tx: inspection_collection_flow.totals(
                tx, year=year, district=district, caller=at.caller
            )
        )
    )
