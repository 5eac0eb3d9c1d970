"""Doors of settlements: the centre's alone, two people each."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.settlement.flows import approval as approval_flow
from services.ledger.settlement.flows import settlement as settlement_flow
from services.ledger.settlement.schemas.settlement import (
    SettlementIn,
    SettlementOut,
    SettlementsOut,
    proposal_from,
    settlement_out,
)
from services.ledger.settlement.store import settlement as settlement_store
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX, cut, read_uuid
from shared.door import Door, door
from shared.roles import Right

router = APIRouter()

SettlementId = Annotated[str, Path(max_length=60)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]
Proposing = Annotated[Door, door(Right.PROPOSE_SETTLEMENT, money=True)]
Approving = Annotated[Door, door(Right.APPROVE_SETTLEMENT, money=True)]


@router.post(
    "/v1/settlements",
    operation_id="propose_settlement",
    summary="提出结算(划转、拨付) · Propose a settlement; nothing moves yet",
    status_code=201,
    response_model=SettlementOut,
)
async def propose_settlement(body: SettlementIn, door: Proposing) -> Response:
    """Propose a settlement for another person to approve."""
    books = await opened(door)
    asked = proposal_from(body)

    async def work(tx: AsyncConnection) -> SettlementOut:
        return settlement_out(
            await settlement_flow.propose(tx, books.catalogue, asked, door.caller)
        )

    return await door.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/settlements/{id}/approvals",
    operation_id="approve_settlement",
    summary="核准并记账 · Approve a settlement and post it",
    response_model=SettlementOut,
)
async def approve_settlement(id: SettlementId, door: Approving) -> Response:
    """Approve a settlement that somebody else proposed; it is posted in the same breath.

    Signature, voucher and status are one commit of the centre's writer, so a crash leaves all or
    nothing; asked again, the approver gets what was done.
    """
    books = await opened(door)
    reference = settlement_flow.ref(id)

    async def work(_: AsyncConnection) -> SettlementOut:
        return settlement_out(await approval_flow.approve(books, reference.id, door.caller))

    return await door.write(work, key=CENTRE_SLOT)


@router.get("/v1/settlements/{id}", operation_id="read_settlement", summary="结算 · One settlement")
async def read_settlement(id: SettlementId, door: Reading) -> SettlementOut:
    """One settlement."""
    require_centre(door.caller)
    return settlement_out(await door.read(lambda tx: settlement_flow.read(tx, id)))


@router.get(
    "/v1/settlements",
    operation_id="list_settlements",
    summary="结算列表 · Settlements, newest first",
)
async def list_settlements(
    door: Reading,
    day: date | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> SettlementsOut:
    """Settlements, newest first."""
    require_centre(door.caller)
    filters = {"day": day}
    before = read_uuid(cursor, filters)
    rows = await door.read(
        lambda tx: settlement_store.page(tx, day=day, before=before, limit=limit + 1)
    )
    page, next_cursor = cut(rows, limit, lambda row: [str(row.id)], filters)
    return SettlementsOut(
        items=[settlement_out(row) for row in page],
        next_cursor=next_cursor,
        has_more=next_cursor is not None,
    )
