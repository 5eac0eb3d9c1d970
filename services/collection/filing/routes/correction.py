"""Doors of corrections (更正申报): restate a month that was billed, or withdraw the correction."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.flows import correction as correction_flow
from services.collection.filing.schemas.correction import CorrectionPaperIn, WithdrawalIn
from services.collection.filing.schemas.declaration import DeclarationOut
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.process.settings import Settings
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity

router = APIRouter()
Submitting = Annotated[Door, door(Right.SUBMIT_DECLARATION)]


@router.post(
    "/v1/declarations/{declaration}/corrections",
    operation_id="correct_declaration",
    summary="更正申报 · Correct a month that was billed",
    status_code=201,
    response_model=DeclarationOut,
)
async def correct_declaration(
    declaration: RefPath, body: CorrectionPaperIn, at: Submitting
) -> Response:
    """The whole list once more; what was handed in stays as it is, and only the difference is
    billed or credited. It restates the last billed paper of the month, whichever of them is named;
    a correction that was sent back is handed in again as its next round."""
    ref = Ref.parse(Reference.DECLARATION, declaration)
    month = body.restated()
    settings: Settings = at.request.app.state.settings
    identity: Identity = at.request.app.state.identity

    async def work(tx: AsyncConnection) -> DeclarationOut:
        found = await correction_flow.submit(
            tx, ref, month, region=settings.region, pepper=identity.pepper, caller=at.caller
        )
        return DeclarationOut.whole(found)

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/declarations/{declaration}/withdrawals",
    operation_id="withdraw_correction",
    summary="撤回更正 · Withdraw a correction",
    status_code=201,
    response_model=DeclarationOut,
)
async def withdraw_correction(
    declaration: RefPath, at: Submitting, body: WithdrawalIn | None = None
) -> Response:
    """Before the district accepts it, or after it was sent back; another may be handed in."""
    ref = Ref.parse(Reference.DECLARATION, declaration)

    async def work(tx: AsyncConnection) -> DeclarationOut:
        found = await correction_flow.withdraw(tx, ref, body.note if body else None, at.caller)
        return DeclarationOut.whole(found)

    return await at.write(work, key=ref.key, status=201)
