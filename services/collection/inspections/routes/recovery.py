"""Doors through which payout takes orders to recover wrong benefits, and reports their cases."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi.responses import Response

from services.collection.inspections.flows import recovery as inspection_recovery_flow
from services.collection.inspections.schemas.recovery import (
    InspectionRecoveriesOut,
    InspectionRecoveryOut,
    RecoveryReportIn,
)
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["inspections"])
Following = Annotated[Door, door(Right.FOLLOW_INSPECTIONS)]
FILTERS: Final = {"of": "inspection_recoveries"}


@router.get(
    "/v1/inspection-recoveries",
    operation_id="list_inspection_recoveries",
    summary="待受理的稽核追回 · Orders of inspections that payout has not taken",
)
async def list_inspection_recoveries(
    at: Following, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[InspectionRecoveryOut]:
    """List orders that wait for payout; a reported one is left out."""
    after = None if cursor is None else _key(cursor)
    rows = await at.read(lambda tx: inspection_recovery_flow.waiting(tx, after, limit + 1))
    found, following = cut(
        rows, limit, lambda row: [row.case.key, row.case.id.hex, row.number], FILTERS
    )
    return Page[InspectionRecoveryOut].of(
        [InspectionRecoveryOut.of(row) for row in found], following
    )


def _key(cursor: str) -> tuple[int, UUID, int]:
    unit_id, case, number = read_cursor(cursor, FILTERS, (int, str, int))
    try:
        key = (unit_id, UUID(case), number)
    except ValueError:
        raise BadCursor from None
    if number >= 2**31:
        raise BadCursor
    return key


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
