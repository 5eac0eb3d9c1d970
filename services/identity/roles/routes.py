"""Doors of roles: their rights in force, and changes by two people."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.roles import flows as roles_flow
from services.identity.roles.domain import RoleChangeStatus
from services.identity.roles.schemas import (
    RoleChangeIn,
    RoleChangeOut,
    RoleDecisionIn,
    RoleOut,
    RolesOut,
)
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit, Page, page_by_id
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_IDENTITY)]
Managing = Annotated[Door, door(Right.MANAGE_IDENTITY)]


@router.get("/v1/roles", operation_id="list_roles", summary="角色与权限 · Roles and their rights")
async def list_roles(at: Reading) -> RolesOut:
    """List every role with its rights in force."""
    rights = await at.read(roles_flow.in_force)
    return RolesOut(items=[RoleOut.of(role, found) for role, found in rights.items()])


@router.get(
    "/v1/role-changes",
    operation_id="list_role_changes",
    summary="角色变更 · List changes of roles",
)
async def list_role_changes(
    at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[RoleChangeOut]:
    """List changes of roles, oldest first."""
    rows, following = await page_by_id(
        at, roles_flow.page, filters={"of": "role-changes"}, limit=limit, cursor=cursor
    )
    return Page[RoleChangeOut].of([RoleChangeOut.of(row) for row in rows], following)


@router.post(
    "/v1/role-changes",
    operation_id="propose_role_change",
    summary="提出角色变更 · Propose the rights of a role",
    status_code=201,
    response_model=RoleChangeOut,
)
async def propose_role_change(body: RoleChangeIn, at: Managing) -> Response:
    """Propose all rights that a role shall have. Another administrator decides."""

    async def work(tx: AsyncConnection) -> RoleChangeOut:
        rights = frozenset(body.rights)
        return RoleChangeOut.of(
            await roles_flow.propose(tx, body.role, rights, body.why, at.caller)
        )

    return await at.write(work, key=key_of("role", body.role.value), status=201)


@router.post(
    "/v1/role-changes/{change}/decisions",
    operation_id="decide_role_change",
    summary="决定角色变更 · Approve or refuse a change of a role",
    response_model=RoleChangeOut,
)
async def decide_role_change(change: UUID, body: RoleDecisionIn, at: Managing) -> Response:
    """Approve or refuse a change that another administrator has proposed."""

    async def work(tx: AsyncConnection) -> RoleChangeOut:
        status = RoleChangeStatus(body.decision)
        return RoleChangeOut.of(await roles_flow.decide(tx, change, status, at.caller))

    return await at.write(work, key=key_of("role_change", str(change)))
