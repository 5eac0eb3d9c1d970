"""Doors of changes of entitlements."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.common.schemas import TrailOut, line_after
from services.payout.entitlements.domain.change import ChangeAction, ChangeStatus
from services.payout.entitlements.flows import change as change_flow
from services.payout.entitlements.schemas.change import (
    ChangeApprovalIn,
    ChangeRefusalIn,
    EntitlementChangeIn,
    EntitlementChangeLineOut,
    EntitlementChangeOut,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["entitlements"])
_BODY_BYTES = 2 * BULK_BYTES


@router.post(
    "/v1/entitlement-changes",
    max_body_size=_BODY_BYTES,
    operation_id="propose_entitlement_change",
    summary="提出待遇变更 · Propose a change of entitlements",
    status_code=201,
    response_model=EntitlementChangeOut,
)
async def propose_entitlement_change(
    body: EntitlementChangeIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Propose one action for a list of people; it counts once another person approves it."""
    keys = person_keys(at.request)

    async def work(tx: AsyncConnection) -> EntitlementChangeOut:
        change = await change_flow.propose(
            tx, body.draft(), keys=keys, today=today(), caller=at.caller
        )
        return EntitlementChangeOut.of(change)

    return await at.write(work, key=change_flow.change_key(body.district), status=201)


@router.post(
    "/v1/entitlement-changes/{change}/approvals",
    operation_id="approve_entitlement_change",
    summary="批准待遇变更 · Approve a change of entitlements",
    status_code=201,
    response_model=EntitlementChangeOut,
)
async def approve_entitlement_change(
    change: RefPath, body: ChangeApprovalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Approve a paper as another person than its proposer; every line is checked once more."""
    return await _decide(change, ChangeStatus.APPROVED, None, at)


@router.post(
    "/v1/entitlement-changes/{change}/refusals",
    operation_id="refuse_entitlement_change",
    summary="不予变更 · Refuse a change of entitlements",
    status_code=201,
    response_model=EntitlementChangeOut,
)
async def refuse_entitlement_change(
    change: RefPath, body: ChangeRefusalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Refuse a paper with the reason; nothing changes."""
    return await _decide(change, ChangeStatus.REFUSED, body.note, at)


async def _decide(change: str, status: ChangeStatus, note: str | None, at: Door) -> Response:
    ref = Ref.parse(Reference.ENTITLEMENT_CHANGE, change)
    keys = person_keys(at.request)

    async def work(tx: AsyncConnection) -> EntitlementChangeOut:
        decided = await change_flow.decide(
            tx, ref, status, note, keys=keys, today=today(), caller=at.caller
        )
        return EntitlementChangeOut.of(decided)

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/entitlement-changes/{change}",
    operation_id="get_entitlement_change",
    summary="待遇变更单 · A change of entitlements",
)
async def get_entitlement_change(
    change: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> EntitlementChangeOut:
    """Read a paper."""
    ref = Ref.parse(Reference.ENTITLEMENT_CHANGE, change)
    found = await at.read(lambda tx: change_flow.find(tx, ref, caller=at.caller))
    return EntitlementChangeOut.of(found)


@router.get(
    "/v1/entitlement-changes/{change}/lines",
    operation_id="list_entitlement_change_lines",
    summary="待遇变更名单 · The people of a change, masked",
)
async def list_entitlement_change_lines(
    change: RefPath,
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntitlementChangeLineOut]:
    """List the people of a paper in its own order."""
    ref = Ref.parse(Reference.ENTITLEMENT_CHANGE, change)
    filters = {"list": "entitlement_change_lines", "change": change}
    after = line_after(cursor, filters)
    rows = await at.read(
        lambda tx: change_flow.lines(tx, ref, after=after, limit=limit + 1, caller=at.caller)
    )
    shown, next_cursor = cut(rows, limit, lambda line: [line.line_no], filters)
    keys = person_keys(at.request)
    return Page[EntitlementChangeLineOut].of(
        [EntitlementChangeLineOut.of(line, keys) for line in shown], next_cursor
    )


@router.get(
    "/v1/entitlement-changes/{change}/accounts",
    operation_id="read_entitlement_change_accounts",
    summary="核对收款账户 · The people of a change with whole accounts",
)
async def read_entitlement_change_accounts(
    change: RefPath,
    at: Annotated[Door, door(Right.READ_PERSONAL_DATA)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntitlementChangeLineOut]:
    """List accounts unmasked, to compare them with the document; the trail keeps who has read them."""
    ref = Ref.parse(Reference.ENTITLEMENT_CHANGE, change)
    filters = {"list": "entitlement_change_accounts", "change": change}
    after = line_after(cursor, filters)
    rows = await at.read(
        lambda tx: change_flow.read_accounts(tx, ref, after=after, limit=limit, caller=at.caller)
    )
    shown, next_cursor = cut(rows, limit, lambda line: [line.line_no], filters)
    keys = person_keys(at.request)
    return Page[EntitlementChangeLineOut].of(
        [EntitlementChangeLineOut.of(line, keys, full=True) for line in shown], next_cursor
    )


@router.get(
    "/v1/entitlement-changes/{change}/trail",
    operation_id="get_entitlement_change_trail",
    summary="办理痕迹 · The trail of a change of entitlements",
)
async def get_entitlement_change_trail(
    change: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> TrailOut:
    """List who proposed, read, approved or refused it, and when."""
    ref = Ref.parse(Reference.ENTITLEMENT_CHANGE, change)
    return TrailOut.of(await at.read(lambda tx: change_flow.steps(tx, ref, caller=at.caller)))


@router.get(
    "/v1/entitlement-changes",
    operation_id="list_entitlement_changes",
    summary="待遇变更清单 · Changes of entitlements",
)
async def list_entitlement_changes(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    status: ChangeStatus | None = None,
    action: ChangeAction | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntitlementChangeOut]:
    """List papers in order of proposal; district people see their own district's."""
    columns = {
        "district": at.caller.scope(district),
        "status": status.value if status else None,
        "action": action.value if action else None,
    }
    filters = {"list": "entitlement_changes"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: change_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda change: [change.ref.id.hex], filters)
    return Page[EntitlementChangeOut].of(
        [EntitlementChangeOut.of(change) for change in shown], next_cursor
    )
