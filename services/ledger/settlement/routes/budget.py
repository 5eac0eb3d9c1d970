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
from services.ledger.settlement.schemas.budget import BudgetIn, BudgetPaperOut, BudgetsOut
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Reading = Annotated[Door, door(Right.READ_LEDGER)]
Setting = Annotated[Door, door(Right.SET_BUDGET)]
Approving = Annotated[Door, door(Right.APPROVE_BUDGET)]


@router.post(
    "/v1/budgets",
    operation_id="record_budget",
    summary="录入预算 · Record budget rows with their document",
    status_code=201,
    response_model=BudgetPaperOut,
)
async def record_budget(body: BudgetIn, at: Setting) -> Response:
    """Record a document with budget rows, or adjustments of them, for another person to approve."""
    books, rows = await opened(at), body.budgets(at.caller.subject)

    async def work(tx: AsyncConnection) -> BudgetPaperOut:
        return BudgetPaperOut.of(await budget_flow.record(tx, books.catalogue, rows))

    return await at.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/budgets/{paper}/approvals",
    operation_id="approve_budget",
    summary="核准预算 · Approve budget rows that somebody else recorded",
    response_model=BudgetPaperOut,
)
async def approve_budget(paper: RefPath, at: Approving) -> Response:
    """Put budget rows in force. Once a fund has a budget, its spending plans are checked against it."""
    await opened(at)
    ref = Ref.parse(Reference.BUDGET, paper)

    async def work(tx: AsyncConnection) -> BudgetPaperOut:
        return BudgetPaperOut.of(await budget_flow.approve(tx, ref.id, at.caller))

    return await at.write(work, key=CENTRE_SLOT)


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
    return BudgetsOut.of(year, await at.read(lambda tx: budget_flow.of_year(tx, year)))
