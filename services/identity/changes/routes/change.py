"""Doors of changes of people and clients: read, decide, take the second factor."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.changes.domain import ChangeStatus
from services.identity.changes.flows import change as change_flow
from services.identity.changes.schemas import (
    PrincipalChangeOut,
    PrincipalDecisionIn,
    SecondFactorOut,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_IDENTITY)]
Managing = Annotated[Door, door(Right.MANAGE_IDENTITY)]


@router.get(
    "/v1/principal-changes",
    operation_id="list_principal_changes",
    summary="人员与客户端变更 · List changes of people and clients",
)
async def list_principal_changes(
    at: Reading,
    principal: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    status: ChangeStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PrincipalChangeOut]:
    """List changes of people and clients, oldest first."""
    filters = {"of": "principal-changes", "principal": principal, "status": status}
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: change_flow.page(
            tx,
            principal=principal,
            status=status,
            after=None if after is None else [after],
            limit=limit + 1,
        )
    )
    items, following = cut(rows, limit, lambda row: [row.id.hex], filters)
    return Page[PrincipalChangeOut].of([PrincipalChangeOut.of(row) for row in items], following)


@router.get(
    "/v1/principal-changes/{change}",
    operation_id="get_principal_change",
    summary="变更 · Get a change of a person or a client",
)
async def get_principal_change(change: UUID, at: Reading) -> PrincipalChangeOut:
    """Get a change of a person or a client."""
    return PrincipalChangeOut.of(await at.read(lambda tx: change_flow.find(tx, change)))


@router.post(
    "/v1/principal-changes/{change}/decisions",
    operation_id="decide_principal_change",
    summary="决定变更 · Approve or refuse a change of a person or a client",
    response_model=PrincipalChangeOut,
)
async def decide_principal_change(
    change: UUID, body: PrincipalDecisionIn, at: Managing
) -> Response:
    """Approve or refuse a change that another administrator has proposed. It is carried out at once.

    A secret that it makes is in this answer only, and is never stored. Where the answer was lost,
    propose a reset or a rotation.
    """

    async def work(tx: AsyncConnection) -> PrincipalChangeOut:
        done, secret = await change_flow.decide(
            tx,
            change,
            ChangeStatus(body.decision),
            at.caller.subject,
            districts=at.request.app.state.districts,
        )
        return PrincipalChangeOut.of(done, secret)

    return await at.write(
        work,
        key=key_of("principal_change", str(change)),
        kept=lambda answer: answer.model_copy(update={"secret": None}),
    )


@router.post(
    "/v1/principal-changes/{change}/second-factors",
    operation_id="take_second_factor",
    summary="领取动态码地址 · Take the second factor of a person",
    response_model=SecondFactorOut,
)
async def take_second_factor(change: UUID, at: Managing) -> Response:
    """Take the second factor of a person who was added or reset, once: only the proposer may.

    The approver has the first password. Neither of them can sign in as the person.
    """

    async def work(tx: AsyncConnection) -> SecondFactorOut:
        address = await change_flow.second_factor(
            tx, change, at.request.app.state.cipher, at.caller.subject
        )
        return SecondFactorOut(address=address)

    return await at.write(
        work,
        key=key_of("principal_change", str(change)),
        kept=lambda _: SecondFactorOut(address=None),
    )
