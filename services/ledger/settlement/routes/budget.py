"""Doors of budgets, which spending plans are checked against."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.settlement.flows import budget as budget_flow
from services.ledger.settlement.schemas.budget import BudgetIn, BudgetsOut, RecordedRowsOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Reading = Annotated[Door, door(Right.READ_LEDGER)]
Setting = Annotated[Door, door(Right.SET_BUDGET)]


@router.post(
    "/v1/budgets",
    operation_id="record_budget",
    summary="录入预算 · Record budget rows with their document",
    status_code=201,
    response_model=RecordedRowsOut,
)
async def record_budget(body: BudgetIn, at: Setting) -> Response:
    """Record a year's budget. Once a fund has one, its spending plans are checked against it."""
    books, rows = await opened(at), body.budgets(at.caller.subject)

    async def work(tx: AsyncConnection) -> RecordedRowsOut:
        await budget_flow.record(tx, books.catalogue, rows)
        return RecordedRowsOut(recorded=len(rows))

    return await at.write(work, key=CENTRE_SLOT, status=201)


@router.get(
    "/v1/budgets",
    operation_id="read_budget",
    summary="预算执行 · A year's budget and what is left of it",
)
async def read_budget(
    at: Reading, year: Annotated[int, Query(ge=1990, le=2100, examples=[2021])]
) -> BudgetsOut:
    """Read every budget row of a year and what posted spending plans have used of it."""
    require_centre(at.caller)
    rows, funded = await at.read(lambda tx: budget_flow.of_year(tx, year))
    return BudgetsOut.of(year, rows, funded)
