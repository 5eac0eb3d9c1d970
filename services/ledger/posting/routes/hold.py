"""Doors of holds: money set aside for payouts in progress."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.responses import Response

from services.ledger.common.routes.door import json_answer, source_of
from services.ledger.posting.flows import hold as hold_flow
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.posting.schemas.hold import GroupReleaseIn, HoldsOut, ReleaseIn, hold_out
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.roles import Right
from shared.web.door_router import DoorRouter
from shared.wire.ledger import HoldIn, HoldOut

router = DoorRouter()

HoldId = Annotated[str, Path(max_length=80)]
Holding = Annotated[Door, door(Right.HOLD)]
Reading = Annotated[Door, door(Right.READ_LEDGER, Right.HOLD)]


@router.post(
    "/v1/holds",
    operation_id="make_hold",
    summary="预留资金 · Hold money for a payout",
    status_code=201,
    response_model=HoldOut,
    responses={200: {"model": HoldOut, "description": "重复提交,该预留现状 (a repeat)"}},
)
async def make_hold(body: HoldIn, at: Holding) -> Response:
    """Keep money back until a payout's outcome is known."""
    source_of(at)
    held = await hold_flow.make(
        await opened(at),
        at.caller,
        event_id=body.event_id,
        fund=body.fund,
        account=body.account,
        amount_fen=body.amount,
        summary=body.summary,
        expires_on=body.expires_on,
    )
    return json_answer(hold_out(held.hold), 200 if held.replayed else 201, replayed=held.replayed)


@router.get("/v1/holds/{id}", operation_id="read_hold", summary="预留 · One hold")
async def read_hold(id: HoldId, at: Reading) -> HoldOut:
    """Read a hold and what remains of it."""
    require_centre(at.caller)
    return hold_out(await at.read(lambda tx: hold_flow.read(tx, id)))


@router.post(
    "/v1/holds/{id}/releases",
    operation_id="release_hold",
    summary="解除预留 · Release a hold, wholly or in part",
    response_model=HoldOut,
)
async def release_hold(id: HoldId, body: ReleaseIn, at: Holding) -> Response:
    """Give back an amount of a hold, or all that remains."""
    source_of(at)
    held = await hold_flow.release(
        await opened(at), id, at.caller, event_id=body.event_id, amount_fen=body.amount
    )
    return json_answer(hold_out(held.hold), replayed=held.replayed)


@router.post(
    "/v1/hold-releases",
    max_body_size=BULK_BYTES,
    operation_id="release_holds",
    summary="成组解除预留 · Release many holds in one event, all or none",
    response_model=HoldsOut,
)
async def release_holds(body: GroupReleaseIn, at: Holding) -> Response:
    """Give back all that remains of many holds."""
    source_of(at)
    held = await hold_flow.release_all(
        await opened(at), body.holds, at.caller, event_id=body.event_id
    )
    answer = HoldsOut(items=[hold_out(hold) for hold in held.holds])
    return json_answer(answer, replayed=held.replayed)
