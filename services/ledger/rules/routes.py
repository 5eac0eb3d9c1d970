"""Doors of the rules: read by whoever reads the ledger, corrected by two people of the centre."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.common.routes.door import refresh_rules
from services.ledger.rules.domain.row import CorrectionStatus, Table, first_day, last_day, name_of
from services.ledger.rules.flows import correction as correction_flow
from services.ledger.rules.schemas import (
    CorrectionIn,
    CorrectionOut,
    CorrectionsOut,
    RulesOut,
    correction_out,
    rows_from,
    rules_out,
)
from services.ledger.rules.store import correction as correction_store
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX, cut, read_uuid
from shared.door import Door, door
from shared.roles import Right

router = APIRouter()

CorrectionId = Annotated[str, Path(max_length=60)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]
Proposing = Annotated[Door, door(Right.PROPOSE_CORRECTION)]
Approving = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.post(
    "/v1/corrections",
    operation_id="propose_correction",
    summary="提出规则订正 · Propose a correction of the rules; nothing changes yet",
    status_code=201,
    response_model=CorrectionOut,
)
async def propose_correction(body: CorrectionIn, door: Proposing) -> Response:
    """Chart, funds, flow matrix, closing rules, adjustment rules, thresholds, lines of statements:
    dated rows with their source. What would come out is judged at once, every fault named."""
    asked = rows_from(body, door.caller.subject)

    async def work(tx: AsyncConnection) -> CorrectionOut:
        return correction_out(
            await correction_flow.propose(tx, asked, why=body.why, by=door.caller)
        )

    return await door.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/corrections/{id}/approvals",
    operation_id="approve_correction",
    summary="核准规则订正 · Approve a correction, and write it",
    response_model=CorrectionOut,
)
async def approve_correction(id: CorrectionId, door: Approving) -> Response:
    """Approve what somebody else proposed. It holds in this process at once, in others within half
    a minute; answers as of earlier days keep the rows of those days."""

    async def work(tx: AsyncConnection) -> CorrectionOut:
        return correction_out(await correction_flow.approve(tx, id, door.caller))

    answer = await door.write(work, key=CENTRE_SLOT)
    await refresh_rules(door)
    return answer


@router.get(
    "/v1/corrections/{id}", operation_id="read_correction", summary="规则订正 · One correction"
)
async def read_correction(id: CorrectionId, door: Reading) -> CorrectionOut:
    """One correction, with every row before and after."""
    return correction_out(await door.read(lambda tx: correction_flow.read(tx, id)))


@router.get(
    "/v1/corrections",
    operation_id="list_corrections",
    summary="规则订正记录 · Corrections, newest first",
)
async def list_corrections(
    door: Reading,
    status: CorrectionStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> CorrectionsOut:
    """Corrections of the rules, newest first."""
    filters = {"status": status}
    before = read_uuid(cursor, filters)
    rows = await door.read(
        lambda tx: correction_store.page(
            tx, status=status.value if status else None, before=before, limit=limit + 1
        )
    )
    page, next_cursor = cut(rows, limit, lambda row: [str(row.id)], filters)
    return CorrectionsOut(
        items=[correction_out(row) for row in page],
        next_cursor=next_cursor,
        has_more=next_cursor is not None,
    )


@router.get(
    "/v1/rules/{table}",
    operation_id="read_rules",
    summary="现行规则 · The rules of a day, or every version of them",
)
async def read_rules(
    table: Table,
    door: Reading,
    on: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
) -> RulesOut:
    """Rows of one table of rules in the order of their names and days. Thresholds: every record."""
    found = (await door.read(lambda tx: correction_store.rows(tx, [table])))[table]
    rows = [row for row in found if on is None or first_day(row) <= on <= last_day(row)]
    rows.sort(key=lambda row: (name_of(table, row), row["in_force_from"]))
    return rules_out(table, rows, on)
