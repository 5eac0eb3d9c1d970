"""Doors of principals: who may sign in, for administrators and auditors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.principals import flows as principals_flow
from services.identity.principals.domain import PrincipalKind
from services.identity.principals.schemas import PrincipalOut
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
NamePath = Annotated[str, Path(min_length=1, max_length=64)]


@router.get(
    "/v1/principals",
    operation_id="list_principals",
    summary="人员与客户端 · List people and clients",
)
async def list_principals(
    at: Annotated[Door, door(Right.READ_IDENTITY)],
    kind: PrincipalKind | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PrincipalOut]:
    """List people and clients in the order of their names."""
    filters = {"of": "principals", "kind": kind}
    after = read_cursor(cursor, filters, (str,)) if cursor else None
    rows = await at.read(lambda tx: principals_flow.page(tx, kind, after, limit + 1))
    items, following = cut(rows, limit, lambda row: [row.name], filters)
    return Page[PrincipalOut].of([PrincipalOut.of(row) for row in items], following)


@router.get(
    "/v1/principals/{name}",
    operation_id="get_principal",
    summary="人员或客户端 · Get a person or a client",
)
async def get_principal(
    name: NamePath, at: Annotated[Door, door(Right.READ_IDENTITY)]
) -> PrincipalOut:
    """Get a person or a client by its name, in whatever case, width or blanks."""
    return PrincipalOut.of(await at.read(lambda tx: principals_flow.find(tx, name)))


@router.post(
    "/v1/principals/{name}/disablements",
    operation_id="disable_principal",
    summary="停用人员或客户端 · Disable a person or a client",
    response_model=PrincipalOut,
)
async def disable_principal(
    name: NamePath, at: Annotated[Door, door(Right.MANAGE_IDENTITY)]
) -> Response:
    """Disable a person with the person's clients, or a client; sessions and tokens end at once."""

    async def work(tx: AsyncConnection) -> PrincipalOut:
        return PrincipalOut.of(await principals_flow.disable(tx, name, by=at.caller.subject))

    return await at.write(work, key=key_of("principal", name))
