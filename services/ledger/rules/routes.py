"""Doors of the rules: readable by every reader of the ledger, corrected by two people of the
centre."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.common.routes.door import refresh_rules
from services.ledger.rules.domain.row import CorrectionStatus, Table
from services.ledger.rules.flows import correction as correction_flow
from services.ledger.rules.schemas import (
    CorrectionIn,
    CorrectionOut,
    RulesOut,
    rows_from,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.page import Cursor, Limit, Page, RefPath
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Reading = Annotated[Door, door(Right.READ_LEDGER)]
Proposing = Annotated[Door, door(Right.PROPOSE_CORRECTION)]
Approving = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.post(
    "/v1/corrections",
    max_body_size=BULK_BYTES,
    operation_id="propose_correction",
    summary="提出规则订正 · Propose a correction of the rules; nothing changes yet",
    status_code=201,
    response_model=CorrectionOut,
)
async def propose_correction(body: CorrectionIn, at: Proposing) -> Response:
    """Propose dated rows with their source, of any table of rules. The rules that would result are
    checked at once, and every fault is named."""
    proposed = rows_from(body, at.caller.subject)

    async def work(tx: AsyncConnection) -> CorrectionOut:
        return CorrectionOut.of(
            await correction_flow.propose(tx, proposed, why=body.why, by=at.caller)
        )

    return await at.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/corrections/{id}/approvals",
    operation_id="approve_correction",
    summary="核准规则订正 · Approve a correction, and write it",
    response_model=CorrectionOut,
)
async def approve_correction(id: RefPath, at: Approving) -> Response:
    """Approve what somebody else proposed. It holds in this process at once, in others within half
    a minute; answers as of earlier days keep the rows of those days."""

    async def work(tx: AsyncConnection) -> CorrectionOut:
        return CorrectionOut.of(await correction_flow.approve(tx, id, at.caller))

    answer = await at.write(work, key=CENTRE_SLOT)
    await refresh_rules(at)
    return answer


@router.get(
    "/v1/corrections/{id}", operation_id="read_correction", summary="规则订正 · One correction"
)
async def read_correction(id: RefPath, at: Reading) -> CorrectionOut:
    """Read a correction, with every row before and after."""
    return CorrectionOut.of(await at.read(lambda tx: correction_flow.read(tx, id)))


@router.get(
    "/v1/corrections",
    operation_id="list_corrections",
    summary="规则订正记录 · Corrections, newest first",
)
async def list_corrections(
    at: Reading,
    status: CorrectionStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[CorrectionOut]:
    """List corrections of the rules, newest first."""
    filters = {"status": status}
    before = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: correction_flow.page(tx, status=status, before=before, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda row: [str(row.id)], filters)
    return Page[CorrectionOut].of([CorrectionOut.of(row) for row in shown], next_cursor)


@router.get(
    "/v1/rules/{table}",
    operation_id="read_rules",
    summary="现行规则 · The rules of a day, or every version of them",
)
async def read_rules(
    table: Table,
    at: Reading,
    on: Annotated[
        date | None, Query(ge=date(1990, 1, 1), le=date(2100, 12, 31), examples=["2021-07-31"])
    ] = None,
) -> RulesOut:
    """List the rows of one table of rules by name and first day; of thresholds, every record."""
    rows = await at.read(lambda tx: correction_flow.rows_of(tx, table, on))
    return RulesOut.of(table, rows, on)
