"""Doors of banks' codes of refusals (拒付代码); two people set them."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response

from services.collection.debits.domain.debit_reason import reason_key
from services.collection.debits.flows import debit_reason as debit_reason_flow
from services.collection.debits.schemas.debit_reason import (
    DebitReasonChangeOut,
    DebitReasonIn,
    DebitReasonRefusalIn,
    DebitReasonsOut,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Deciding = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.get(
    "/v1/debit-reasons",
    operation_id="list_debit_reasons",
    summary="拒付代码 · List the codes of refusals",
)
async def list_debit_reasons(at: Annotated[Door, door(Right.READ_COLLECTION)]) -> DebitReasonsOut:
    """List banks' codes of refusals with their classes. A code that is not listed has no class."""
    return DebitReasonsOut.of(await at.read(debit_reason_flow.reasons))


@router.post(
    "/v1/debit-reasons",
    operation_id="file_debit_reason",
    summary="申请增改拒付代码 · File a code of refusals",
    status_code=201,
    response_model=DebitReasonChangeOut,
)
async def file_debit_reason(
    body: DebitReasonIn, at: Annotated[Door, door(Right.PROPOSE_CORRECTION)]
) -> Response:
    """File a bank's code, new or known. It changes nothing before another person approves."""
    return await at.write(
        lambda tx: debit_reason_flow.file(tx, body.row(), body.reason, at.caller),
        shape=DebitReasonChangeOut.of,
        key=reason_key(body.code),
        status=201,
    )


@router.post(
    "/v1/debit-reason-changes/{change}/approvals",
    operation_id="approve_debit_reason",
    summary="批准拒付代码 · Approve a code of refusals",
    status_code=201,
    response_model=DebitReasonChangeOut,
)
async def approve_debit_reason(change: RefPath, at: Deciding) -> Response:
    """Approve a code, as another person. Answers of banks that come from then on are read by it."""
    ref = Ref.parse(Reference.DEBIT_REASON_CHANGE, change)
    return await at.write(
        lambda tx: debit_reason_flow.approve(tx, ref, at.caller),
        shape=DebitReasonChangeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/debit-reason-changes/{change}/refusals",
    operation_id="refuse_debit_reason",
    summary="不予批准拒付代码 · Refuse a code of refusals",
    status_code=201,
    response_model=DebitReasonChangeOut,
)
async def refuse_debit_reason(
    change: RefPath, body: DebitReasonRefusalIn, at: Deciding
) -> Response:
    """Refuse a code, as another person. Nothing changes."""
    ref = Ref.parse(Reference.DEBIT_REASON_CHANGE, change)
    return await at.write(
        lambda tx: debit_reason_flow.refuse(tx, ref, body.why, at.caller),
        shape=DebitReasonChangeOut.of,
        key=ref.key,
        status=201,
    )
