"""Doors through which payout takes orders to recover wrong benefits, and reports their cases."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.inspections.flows import recovery as inspection_recovery_flow
from services.collection.inspections.schemas.recovery import (
    InspectionRecoveriesOut,
    RecoveryReportIn,
)
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Limit, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["inspections"])
Following = Annotated[Door, door(Right.FOLLOW_INSPECTIONS)]


@router.get(
    "/v1/inspection-recoveries",
    operation_id="list_inspection_recoveries",
    summary="待受理的稽核追回 · Orders of inspections that payout has not taken",
)
async def list_inspection_recoveries(
    at: Following, limit: Limit = LIMIT_DEFAULT
) -> InspectionRecoveriesOut:
    """List orders that wait for payout; a reported one is left out."""
    rows = await at.read(lambda tx: inspection_recovery_flow.waiting(tx, limit))
    return InspectionRecoveriesOut.of(rows)


@router.post(
    "/v1/inspections/{inspection}/recoveries",
    operation_id="report_inspection_recovery",
    summary="回报稽核追回 · Report the recovery case of a finding",
    status_code=201,
    response_model=InspectionRecoveriesOut,
)
async def report_inspection_recovery(
    inspection: RefPath, body: RecoveryReportIn, at: Following
) -> Response:
    """Report the state of an order. Repeats, and reports that are older, change nothing."""
    ref = Ref.parse(Reference.INSPECTION, inspection)
    return await at.write(
        lambda tx: inspection_recovery_flow.report(tx, ref, body.report()),
        shape=InspectionRecoveriesOut.of,
        key=ref.key,
        status=201,
    )
