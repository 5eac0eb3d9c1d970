"""Door of mergers of personal accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.mergers import flows as merger_flow
from services.ledger.mergers.schemas import PersonalMergerIn, PersonalMergerOut
from services.ledger.posting.routes.door import opened
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Merging = Annotated[Door, door(Right.MERGE_PERSONAL)]


@router.post(
    "/v1/personal-mergers",
    operation_id="merge_personal_accounts",
    summary="个人账户合并 · Two records of one person become one account",
    status_code=201,
    response_model=PersonalMergerOut,
)
async def merge_personal_accounts(body: PersonalMergerIn, at: Merging) -> Response:
    """Merge an account into the surviving one; everything that names the old one counts there."""
    books = await opened(at)
    merger = body.merger()

    async def work(tx: AsyncConnection) -> PersonalMergerOut:
        return PersonalMergerOut.of(
            *await merger_flow.merge(tx, books.catalogue, merger, at.caller)
        )

    return await at.write(work, key=CENTRE_SLOT, status=201)
