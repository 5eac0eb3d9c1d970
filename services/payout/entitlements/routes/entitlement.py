"""Doors of entitlements."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.entitlements.domain.entitlement import SuspensionReason
from services.payout.entitlements.flows import entitlement as entitlement_flow
from services.payout.entitlements.schemas.entitlement import (
    EntitlementOut,
    EntitlementSuspensionOut,
)
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/entitlements",
    operation_id="list_entitlements",
    summary="待遇资格清单 · Entitlements, masked",
)
async def list_entitlements(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    suspended: SuspensionReason | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntitlementOut]:
    """List entitlements in order of registration; `suspended=second` lists second pensions."""
    columns = {
        "district": at.caller.scope(district),
        "suspended_reason": suspended.value if suspended else None,
    }
    filters = {"list": "entitlements"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: entitlement_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda row: [row.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[EntitlementOut].of([EntitlementOut.of(row, keys) for row in shown], next_cursor)


@router.get(
    "/v1/entitlement-suspensions",
    operation_id="list_entitlement_suspensions",
    summary="停发清单 · Suspended months, masked",
)
async def list_entitlement_suspensions(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntitlementSuspensionOut]:
    """List suspensions in order of approval; `open=true` lists those that nobody has lifted."""
    scope = at.caller.scope(district)
    filters = {
        "list": "entitlement_suspensions",
        "district": scope,
        "open": None if is_open is None else str(is_open),
    }
    after = read_uuid(cursor, filters)
    columns = {"district": scope, "is_open": is_open}
    rows = await at.read(
        lambda tx: entitlement_flow.suspensions(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda row: [row.id.hex], filters)
    keys = person_keys(at.request)
    return Page[EntitlementSuspensionOut].of(
        [EntitlementSuspensionOut.of(row, keys) for row in shown], next_cursor
    )
