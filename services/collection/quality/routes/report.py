"""Doors of the data quality report that is made in the background."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.operation import flows as operation_flow
from services.collection.operation.schemas import OperationOut
from services.collection.quality.flows import report as report_flow
from services.collection.quality.schemas.report import (
    QualityReportRequestIn,
    QualityReportResultOut,
)
from shared.door import Door, door
from shared.guard.entrance import BATCH_BYTES
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
CSV_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "district, check, credit_code, unit_name, masked_identity_number, name, said",
    }
}


@router.post(
    "/v1/quality/reports",
    max_body_size=BATCH_BYTES,
    operation_id="ask_for_quality_report",
    summary="编制数据质量报告 · Request a data quality report",
    status_code=202,
    response_model=OperationOut,
)
async def ask_for_quality_report(body: QualityReportRequestIn, at: Reading) -> Response:
    """Run every check over a whole city in the background.

    Only counts and the first rows of each check are kept. The same request on the same day is the
    same report, unless it requests another edition.
    """
    district = at.caller.scope(body.district)
    row = report_flow.operation_of(at.region, body.period, district, body.edition, at.caller)

    async def work(tx: AsyncConnection) -> OperationOut:
        return OperationOut.of(await operation_flow.ask(tx, row, at.caller))

    return await at.write(work, key=row.operation_key, status=202)


@router.get(
    "/v1/quality/reports/{operation}",
    operation_id="get_quality_report_made",
    summary="已编制的数据质量报告 · Get a requested report",
    response_model=QualityReportResultOut,
)
async def get_quality_report_made(operation: RefPath, at: Reading) -> Response:
    """Get a report by district as it was found, once its operation has succeeded."""
    ref = Ref.parse(Reference.OPERATION, operation)

    async def work(tx: AsyncConnection) -> dict[str, Any]:
        return await report_flow.result_of(tx, ref, at.caller)

    return JSONResponse(await at.read(work))


@router.get(
    "/v1/quality/reports/{operation}/rows",
    operation_id="get_quality_report_rows",
    summary="数据质量报告明细 · Download the rows of a report (CSV)",
    response_class=Response,
    responses=CSV_ANSWER,
)
async def get_quality_report_rows(operation: RefPath, at: Reading) -> Response:
    """Download the masked rows of a report, at most 2,000 of each check.

    /v1/quality/checks/{check}/rows lists everything that a check finds now.
    """
    ref = Ref.parse(Reference.OPERATION, operation)

    async def work(tx: AsyncConnection) -> bytes:
        return await report_flow.rows_of(tx, ref, at.caller)

    content = await at.read(work)
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="quality-{ref.id.hex}.csv"'},
    )
