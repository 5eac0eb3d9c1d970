"""Doors of formula rows: one person proposes, another decides."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.schemas import TrailOut
from services.payout.formulas.domain.version import RowStatus
from services.payout.formulas.flows import row as formula_row_flow
from services.payout.formulas.schemas.row import FormulaRowIn, FormulaRowOut, FormulaRowRefusalIn
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["formulas"])


@router.post(
    "/v1/formula-rows",
    operation_id="propose_formula_row",
    summary="提出计发参数 · Propose a formula row",
    status_code=201,
    response_model=FormulaRowOut,
)
async def propose_formula_row(
    body: FormulaRowIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Propose a row of a rule, with every fault named; it counts once another person approves it."""

    async def work(tx: AsyncConnection) -> FormulaRowOut:
        return FormulaRowOut.of(await formula_row_flow.propose(tx, body.draft(), at.caller))

    return await at.write(work, key=formula_row_flow.key_of_rule(body.rule), status=201)


@router.post(
    "/v1/formula-rows/{row}/approvals",
    operation_id="approve_formula_row",
    summary="批准计发参数 · Approve a formula row",
    status_code=201,
    response_model=FormulaRowOut,
)
async def approve_formula_row(
    row: RefPath, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Put a row in force as another person than its author. Rows that begin within its days are
    replaced; an earlier one ends the day before."""
    ref = Ref.parse(Reference.FORMULA_ROW, row)

    async def work(tx: AsyncConnection) -> FormulaRowOut:
        return FormulaRowOut.of(await formula_row_flow.approve(tx, ref.id, at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/formula-rows/{row}/refusals",
    operation_id="refuse_formula_row",
    summary="不予批准计发参数 · Refuse a formula row",
    status_code=201,
    response_model=FormulaRowOut,
)
async def refuse_formula_row(
    row: RefPath, body: FormulaRowRefusalIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Refuse a proposed row with the reason."""
    ref = Ref.parse(Reference.FORMULA_ROW, row)

    async def work(tx: AsyncConnection) -> FormulaRowOut:
        return FormulaRowOut.of(await formula_row_flow.refuse(tx, ref.id, body.note, at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/formula-rows",
    operation_id="list_formula_rows",
    summary="计发参数清单 · List formula rows",
)
async def list_formula_rows(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    rule: Annotated[Code | None, Query()] = None,
    place: Annotated[Code | None, Query()] = None,
    status: RowStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[FormulaRowOut]:
    """List rows of every status, with their sources."""
    equal = {"rule": rule, "place": place, "status": status.value if status else None}
    filters = {"list": "formula_rows"} | equal
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: formula_row_flow.page(tx, **equal, after=after, limit=limit + 1)
    )
    versions, following = cut(rows, limit, lambda version: [version.row.id.hex], filters)
    return Page[FormulaRowOut].of([FormulaRowOut.of(version) for version in versions], following)


@router.get(
    "/v1/formula-rows/{row}",
    operation_id="get_formula_row",
    summary="计发参数 · Get a formula row",
)
async def get_formula_row(
    row: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> FormulaRowOut:
    """Get a row that a quote names, with its value and source, whatever became of it since."""
    ref = Ref.parse(Reference.FORMULA_ROW, row)
    return FormulaRowOut.of(await at.read(lambda tx: formula_row_flow.find(tx, ref.id)))


@router.get(
    "/v1/formula-rows/{row}/trail",
    operation_id="get_formula_row_trail",
    summary="办理轨迹 · Get the trail of a formula row",
)
async def get_formula_row_trail(
    row: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> TrailOut:
    """Get the steps of a row: proposal and decision."""
    ref = Ref.parse(Reference.FORMULA_ROW, row)
    return TrailOut.of(await at.read(lambda tx: formula_row_flow.trail_of(tx, ref.id)))
