"""Doors of corrections (更正申报): correct a billed month, or withdraw the correction."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.filing.flows import correction as correction_flow
from services.collection.filing.schemas.correction import CorrectionPaperIn, WithdrawalIn
from services.collection.filing.schemas.declaration import DeclarationOut
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Submitting = Annotated[Door, door(Right.SUBMIT_DECLARATION)]


@router.post(
    "/v1/declarations/{declaration}/corrections",
    max_body_size=BULK_BYTES,
    operation_id="correct_declaration",
    summary="更正申报 · Correct a billed month",
    status_code=201,
    response_model=DeclarationOut,
)
async def correct_declaration(
    declaration: RefPath, body: CorrectionPaperIn, at: Submitting
) -> Response:
    """Declare the whole list of a billed month once more.

    The earlier declaration stays as it is; only the difference is billed or credited. The last
    billed declaration of the month is corrected, whichever of them is named. A correction that was
    returned is submitted again as its next round.
    """
    ref = Ref.parse(Reference.DECLARATION, declaration)
    identity: Identity = at.request.app.state.identity
    return await at.write(
        lambda tx: correction_flow.submit(
            tx, ref, body.month(), region=at.region, pepper=identity.pepper, caller=at.caller
        ),
        shape=DeclarationOut.whole,
        key=ref.key,
        status=201,
    )


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
    """Withdraw a correction before the district accepts it, or after it was returned. Then another
    one may be submitted."""
    ref = Ref.parse(Reference.DECLARATION, declaration)
    return await at.write(
        lambda tx: correction_flow.withdraw(tx, ref, body.note if body else None, at.caller),
        shape=DeclarationOut.whole,
        key=ref.key,
        status=201,
    )
