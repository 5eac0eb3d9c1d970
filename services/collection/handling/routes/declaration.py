"""Doors of the steps that a district takes on a declaration: accept, review, return."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.domain.declaration import Act
from services.collection.filing.schemas.declaration import DeclarationOut
from services.collection.handling.flows import steps as steps_flow
from services.collection.handling.schemas.declaration import HandlingIn, ReturnIn
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.post(
    "/v1/declarations/{declaration}/acceptances",
    operation_id="accept_declaration",
    summary="受理 · Accept",
    status_code=201,
    response_model=DeclarationOut,
)
async def accept_declaration(
    declaration: RefPath,
    at: Annotated[Door, door(Right.ACCEPT_DECLARATION)],
    body: HandlingIn | None = None,
) -> Response:
    """Accept a submitted declaration, as the district clerk."""
    return await _act(at, declaration, Act.ACCEPT, note=body.note if body else None)


@router.post(
    "/v1/declarations/{declaration}/reviews",
    operation_id="review_declaration",
    summary="复核 · Review",
    status_code=201,
    response_model=DeclarationOut,
)
async def review_declaration(
    declaration: RefPath,
    at: Annotated[Door, door(Right.REVIEW_DECLARATION)],
    body: HandlingIn | None = None,
) -> Response:
    """Review an accepted declaration, as another person of the district."""
    return await _act(at, declaration, Act.REVIEW, note=body.note if body else None)


@router.post(
    "/v1/declarations/{declaration}/returns",
    operation_id="return_declaration",
    summary="退回 · Return a declaration",
    status_code=201,
    response_model=DeclarationOut,
)
async def return_declaration(
    declaration: RefPath,
    body: ReturnIn,
    at: Annotated[Door, door(Right.ACCEPT_DECLARATION, Right.REVIEW_DECLARATION)],
) -> Response:
    """Return a declaration with codes: the clerk before acceptance, the reviewer after it."""
    return await _act(at, declaration, Act.RETURN, note=body.note, codes=body.codes)


async def _act(
    at: Door, declaration: str, act: Act, *, note: str | None, codes: list[str] | None = None
) -> Response:
    ref = Ref.parse(Reference.DECLARATION, declaration)

    async def work(tx: AsyncConnection) -> DeclarationOut:
        found = await steps_flow.act(tx, ref, act, caller=at.caller, codes=codes or (), note=note)
        return DeclarationOut.whole(found)

    return await at.write(work, key=ref.key, status=201)
