"""Doors of operations."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.operation import flows as operation_flow
from services.collection.operation.schemas import OperationOut
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION, Right.PUSH_TAX)]
CSV_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "row, column, code, message",
    }
}


@router.get(
    "/v1/operations/{operation}",
    operation_id="get_operation",
    summary="办理任务 · Get an operation",
)
async def get_operation(operation: RefPath, at: Reading) -> OperationOut:
    """Get an operation: its state, and its result or error."""
    ref = Ref.parse(Reference.OPERATION, operation)

    async def work(tx: AsyncConnection) -> OperationOut:
        return OperationOut.of(await operation_flow.find(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/operations/{operation}/faults",
    operation_id="get_operation_faults",
    summary="错误明细文件 · Download the faults of a file (CSV)",
    response_class=Response,
    responses=CSV_ANSWER,
)
async def get_operation_faults(operation: RefPath, at: Reading) -> Response:
    """Download the faults of its file, with row, column, code and message."""
    ref = Ref.parse(Reference.OPERATION, operation)

    async def work(tx: AsyncConnection) -> bytes:
        return await operation_flow.report(tx, ref, at.caller)

    content = await at.read(work)
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="faults-{ref.id.hex}.csv"'},
    )
