"""Doors of pensions paid out of personal accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.draws import flows as draws_flow
from services.ledger.draws.schemas import PensionDrawsIn, PensionDrawsOut, paper_from
from services.ledger.posting.routes.door import opened
from shared.door import Door, door
from shared.guard.entrance import BATCH_BYTES
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/personal-draws",
    max_body_size=BATCH_BYTES,
    operation_id="draw_personal_accounts",
    summary="个人账户支付养老金 · Lower accounts by the pensions paid from them",
    status_code=201,
    response_model=PensionDrawsOut,
)
async def draw_personal_accounts(
    body: PensionDrawsIn, at: Annotated[Door, door(Right.CREDIT_PERSONAL)]
) -> Response:
    """Record once what a paper of payments asks of up to 10,000 accounts. An account gives what it
    holds and no more. Only services may."""
    books = await opened(at)
    paper = paper_from(body)

    async def work(tx: AsyncConnection) -> PensionDrawsOut:
        result = await draws_flow.draw(tx, books.catalogue, paper, at.caller)
        return PensionDrawsOut.of(paper.id, result)

    return await at.write(work, key=paper.key, status=201)
