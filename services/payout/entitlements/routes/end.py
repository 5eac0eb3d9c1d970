"""Doors of ends of entitlements."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.routes import DistrictQuery, person_keys
from services.payout.entitlements.domain.end import EndStatus
from services.payout.entitlements.flows import end as end_flow
from services.payout.entitlements.schemas.end import (
    EndApprovalIn,
    EndRefusalIn,
    EntitlementEndDetailOut,
    EntitlementEndIn,
    EntitlementEndOut,
)
from shared.clock import today
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["entitlements"])


@router.post(
    "/v1/entitlement-ends",
    operation_id="propose_entitlement_end",
    summary="提出待遇终止 · Propose the end of an entitlement",
    status_code=201,
    response_model=EntitlementEndDetailOut,
)
async def propose_entitlement_end(
    body: EntitlementEndIn, at: Annotated[Door, door(Right.REGISTER_ENTITLEMENT)]
) -> Response:
    """Propose the last month to be paid; the end counts once another person approves it."""
    keys = person_keys(at.request)

    async def work(tx: AsyncConnection) -> EntitlementEndDetailOut:
        detail = await end_flow.propose(
            tx, body.draft(), keys=keys, today=today(), caller=at.caller
        )
        return EntitlementEndDetailOut.of(detail, keys)

    return await at.write(work, key=keys.key(body.identity_number), status=201)


@router.post(
    "/v1/entitlement-ends/{end}/approvals",
    operation_id="approve_entitlement_end",
    summary="批准待遇终止 · Approve an end",
    status_code=201,
    response_model=EntitlementEndDetailOut,
)
async def approve_entitlement_end(
    end: RefPath, body: EndApprovalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Approve an end as another person than its proposer; later runs pay no month after it."""
    return await _decide(end, EndStatus.APPROVED, None, at)


@router.post(
    "/v1/entitlement-ends/{end}/refusals",
    operation_id="refuse_entitlement_end",
    summary="不予终止 · Refuse an end",
    status_code=201,
    response_model=EntitlementEndDetailOut,
)
async def refuse_entitlement_end(
    end: RefPath, body: EndRefusalIn, at: Annotated[Door, door(Right.SIGN_FIRST)]
) -> Response:
    """Refuse an end with the reason; the entitlement goes on."""
    return await _decide(end, EndStatus.REFUSED, body.note, at)


async def _decide(end: str, status: EndStatus, note: str | None, at: Door) -> Response:
    ref = Ref.parse(Reference.ENTITLEMENT_END, end)

    async def work(tx: AsyncConnection) -> EntitlementEndDetailOut:
        detail = await end_flow.decide(tx, ref, status, note, caller=at.caller)
        return EntitlementEndDetailOut.of(detail, person_keys(at.request))

    return await at.write(work, key=ref.key, status=201)


@router.get(
    "/v1/entitlement-ends/{end}",
    operation_id="get_entitlement_end",
    summary="待遇终止 · An end of an entitlement",
)
async def get_entitlement_end(
    end: RefPath, at: Annotated[Door, door(Right.READ_PAYOUT)]
) -> EntitlementEndDetailOut:
    """Read an end, with the months that were paid after it."""
    ref = Ref.parse(Reference.ENTITLEMENT_END, end)
    detail = await at.read(lambda tx: end_flow.find(tx, ref, caller=at.caller))
    return EntitlementEndDetailOut.of(detail, person_keys(at.request))


@router.get(
    "/v1/entitlement-ends",
    operation_id="list_entitlement_ends",
    summary="待遇终止清单 · Ends of entitlements",
)
async def list_entitlement_ends(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    status: EndStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntitlementEndOut]:
    """List ends in order of proposal; district people see their own district's."""
    columns = {"district": at.caller.scope(district), "status": status.value if status else None}
    filters = {"list": "entitlement_ends"} | columns
    after = read_uuid(cursor, filters)
    rows = await at.read(
        lambda tx: end_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    ends, next_cursor = cut(rows, limit, lambda end: [end.ref.id.hex], filters)
    keys = person_keys(at.request)
    return Page[EntitlementEndOut].of(
        [EntitlementEndOut.of(end, keys) for end in ends], next_cursor
    )
