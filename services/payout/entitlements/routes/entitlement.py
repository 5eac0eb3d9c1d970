"""Doors of entitlements."""

from __future__ import annotations

from typing import Annotated

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.entitlements.domain.entitlement import SuspensionReason
from services.payout.entitlements.flows import entitlement as entitlement_flow
from services.payout.entitlements.schemas.entitlement import EntitlementOut
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
