"""Doors of a region's collection mode."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.mode import domain as mode_rules
from services.collection.mode import flows as mode_flow
from services.collection.mode.domain import ModeStatus
from services.collection.mode.schemas import (
    CollectionModeIn,
    CollectionModeOut,
    CollectionModesOut,
)
from shared.clock import today
from shared.door import Door, door
from shared.ids import Ref, key_of
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Approving = Annotated[Door, door(Right.APPROVE_COLLECTION_MODE)]


@router.post(
    "/v1/collection-modes",
    operation_id="propose_collection_mode",
    summary="提出征收模式变更 · Propose a change of the collection mode",
    status_code=201,
    response_model=CollectionModeOut,
)
async def propose_collection_mode(
    body: CollectionModeIn, at: Annotated[Door, door(Right.PROPOSE_COLLECTION_MODE)]
) -> Response:
    """Propose that the agency or the tax bureau collects from a day on. Nothing changes until
    another person approves it."""
    return await at.write(
        lambda tx: mode_flow.propose(tx, body.proposal(), region=at.region, caller=at.caller),
        shape=CollectionModeOut.of,
        key=key_of("collection_mode", at.region),
        status=201,
    )


@router.post(
    "/v1/collection-modes/{mode}/approvals",
    operation_id="approve_collection_mode",
    summary="批准征收模式变更 · Approve a change of the collection mode",
    status_code=201,
    response_model=CollectionModeOut,
)
async def approve_collection_mode(mode: RefPath, at: Approving) -> Response:
    """Approve a change, as another person. On its day open bills change hands; a bill whose debit is
    under way follows when the bank has answered."""
    ref = Ref.parse(Reference.COLLECTION_MODE, mode)
    return await at.write(
        lambda tx: mode_flow.decide(tx, ref, ModeStatus.APPROVED, at.caller),
        shape=CollectionModeOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/collection-modes/{mode}/refusals",
    operation_id="refuse_collection_mode",
    summary="不予批准征收模式变更 · Refuse a change of the collection mode",
    status_code=201,
    response_model=CollectionModeOut,
)
async def refuse_collection_mode(mode: RefPath, at: Approving) -> Response:
    """Refuse a change, as another person. Nothing changes."""
    ref = Ref.parse(Reference.COLLECTION_MODE, mode)
    return await at.write(
        lambda tx: mode_flow.decide(tx, ref, ModeStatus.REFUSED, at.caller),
        shape=CollectionModeOut.of,
        key=ref.key,
        status=201,
    )


@router.get(
    "/v1/collection-modes",
    operation_id="list_collection_modes",
    summary="征收模式及历次变更 · List changes of the collection mode",
)
async def list_collection_modes(
    at: Annotated[Door, door(Right.READ_COLLECTION, Right.PUSH_TAX)],
) -> CollectionModesOut:
    """List every change of the region's mode, oldest first, and the mode of today."""

    async def work(tx: AsyncConnection) -> CollectionModesOut:
        rows = await mode_flow.history(tx, at.region, at.caller)
        return CollectionModesOut(
            today=mode_rules.mode_on(rows, today()).value,
            items=[CollectionModeOut.of(row) for row in rows],
        )

    return await at.read(work)
