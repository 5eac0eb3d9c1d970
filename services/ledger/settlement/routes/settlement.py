"""Doors of settlements. Only the centre uses them, and each settlement needs two people."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.settlement.flows import approval as approval_flow
from services.ledger.settlement.flows import settlement as settlement_flow
from services.ledger.settlement.schemas.settlement import SettlementIn, SettlementOut
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.schema import Day
from shared.web.door_router import DoorRouter

router = DoorRouter()

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
async def propose_settlement(body: SettlementIn, at: Proposing) -> Response:
    """Propose a settlement for another person to approve."""
    books, proposal = await opened(at), body.proposal()

    async def work(tx: AsyncConnection) -> SettlementOut:
        found = await settlement_flow.propose(tx, books.catalogue, proposal, at.caller)
        return SettlementOut.of(found)

    return await at.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/settlements/{id}/approvals",
    operation_id="approve_settlement",
    summary="核准并记账 · Approve a settlement and post it",
    response_model=SettlementOut,
)
async def approve_settlement(id: SettlementId, at: Approving) -> Response:
    """Approve a settlement that another person proposed, and post it.

    Signature, voucher and status are one commit of the centre's writer, so a crash leaves all or
    nothing. A repeat by the approver gets the first result.
    """
    books, reference = await opened(at), settlement_flow.ref(id)

    async def work(_: AsyncConnection) -> SettlementOut:
        return SettlementOut.of(await approval_flow.approve(books, reference.id, at.caller))

    return await at.write(work, key=CENTRE_SLOT)


@router.get("/v1/settlements/{id}", operation_id="read_settlement", summary="结算 · One settlement")
async def read_settlement(id: SettlementId, at: Reading) -> SettlementOut:
    """Read one settlement."""
    require_centre(at.caller)
    return SettlementOut.of(await at.read(lambda tx: settlement_flow.find(tx, id)))


@router.get(
    "/v1/settlements",
    operation_id="list_settlements",
    summary="结算列表 · Settlements, newest first",
)
async def list_settlements(
    at: Reading, day: Day | None = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[SettlementOut]:
    """List settlements, newest first."""
    require_centre(at.caller)
    rows, following = await at.read(lambda tx: settlement_flow.page(tx, day, cursor, limit))
    return Page[SettlementOut].of([SettlementOut.of(row) for row in rows], following)
