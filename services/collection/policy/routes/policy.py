"""Doors of policies: one person drafts, another approves."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.policy import flows as policy_flow
from services.collection.policy.schemas.changes import PolicyApprovalIn, PolicyRefusalIn
from services.collection.policy.schemas.lint import faults_of
from services.collection.policy.schemas.policy import (
    PackIn,
    PolicyOut,
    PolicyWholeOut,
)
from services.collection.policy.store import PolicyRow
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.errors import Faulty
from shared.ids import Ref
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRoute, DoorRouter


class LintedRoute(DoorRoute):
    """A route that reports every fault of a pack at once, even if its shape is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's handler so that an unreadable pack is judged as far as possible."""
        handle = super().get_route_handler()

        async def linted(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                if not isinstance(error.body, Mapping):
                    raise
                faults = faults_of(error.body)
                raise Faulty(faults=faults[:FAULTS_SHOWN], count=len(faults)) from None

        return linted


FAULTS_SHOWN = 1000
router = DoorRouter()
drafting = DoorRouter(route_class=LintedRoute)


@drafting.post(
    "/v1/policies",
    operation_id="draft_policy",
    summary="起草政策版本 · Draft a policy version",
    status_code=201,
    response_model=PolicyOut,
)
async def draft_policy(body: PackIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]) -> Response:
    """Draft a policy version. The whole pack is checked. The same pack again returns the same
    draft."""

    async def work(tx: AsyncConnection) -> PolicyOut:
        return PolicyOut.of(await policy_flow.draft(tx, body.content(), at.caller))

    return await at.write(work, key=policy_flow.key_of_region(body.region), status=201)


router.routes.extend(drafting.routes)


@router.post(
    "/v1/policies/{policy}/approvals",
    operation_id="approve_policy",
    summary="批准政策版本 · Approve a policy version",
    status_code=201,
    response_model=PolicyOut,
)
async def approve_policy(
    policy: RefPath,
    at: Annotated[Door, door(Right.PUBLISH_POLICY)],
    body: PolicyApprovalIn | None = None,
) -> Response:
    """Put a draft in force, by another person than its author. An open-ended predecessor ends the
    day before. With `since`, it is refused when another version is in force before it by now."""
    ref = Ref.parse(Reference.POLICY, policy)
    baseline = body.baseline() if body else None

    async def work(tx: AsyncConnection) -> PolicyOut:
        return PolicyOut.of(await policy_flow.approve(tx, ref.id, at.caller, baseline))

    return await at.write(work, key=ref.key, status=201)


@router.post(
    "/v1/policies/{policy}/refusals",
    operation_id="refuse_policy",
    summary="不予批准政策版本 · Refuse a policy version",
    status_code=201,
    response_model=PolicyOut,
)
async def refuse_policy(
    policy: RefPath, body: PolicyRefusalIn, at: Annotated[Door, door(Right.PUBLISH_POLICY)]
) -> Response:
    """Refuse a draft, as another person than its author. Its name may be used again."""
    ref = Ref.parse(Reference.POLICY, policy)
    return await at.write(
        lambda tx: policy_flow.refuse(tx, ref.id, body.why, at.caller),
        shape=PolicyOut.of,
        key=ref.key,
        status=201,
    )


@router.get("/v1/policies", operation_id="list_policies", summary="政策版本列表 · List policies")
async def list_policies(
    at: Annotated[Door, door(Right.READ_COLLECTION, any_unit=True)],
    region: Annotated[Code | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[PolicyOut]:
    """List policy versions in the order in which they come into force."""
    filters = {"of": "policies", "region": region}
    after = _read_day(cursor, filters)

    async def work(tx: AsyncConnection) -> list[PolicyRow]:
        return await policy_flow.page(tx, region, after, limit + 1)

    rows, following = cut(
        await at.read(work),
        limit,
        lambda row: [row.effective_from.isoformat(), row.id.hex],
        filters,
    )
    return Page[PolicyOut].of([PolicyOut.of(row) for row in rows], following)


def _read_day(cursor: str | None, filters: dict[str, str | None]) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    day, text = read_cursor(cursor, filters, (str, str))
    try:
        return date.fromisoformat(day), UUID(text)
    except ValueError:
        raise BadCursor from None


@router.get(
    "/v1/policies/{policy}", operation_id="get_policy", summary="政策版本 · Get a policy version"
)
async def get_policy(
    policy: RefPath, at: Annotated[Door, door(Right.READ_COLLECTION)]
) -> PolicyWholeOut:
    """Get a policy version with its pack as it was published."""
    ref = Ref.parse(Reference.POLICY, policy)

    async def work(tx: AsyncConnection) -> PolicyWholeOut:
        row = await policy_flow.find(tx, ref.id)
        content = await policy_flow.content_of(tx, ref.id)
        return PolicyWholeOut(**PolicyOut.members(row), content=content)

    return await at.read(work)


@router.get(
    "/v1/policies/{policy}/trail",
    operation_id="get_policy_trail",
    summary="办理轨迹 · Get the trail of a policy version",
)
async def get_policy_trail(
    policy: RefPath, at: Annotated[Door, door(Right.READ_COLLECTION)]
) -> TrailOut:
    """Get the steps of a policy version: drafting and approval."""
    ref = Ref.parse(Reference.POLICY, policy)

    async def work(tx: AsyncConnection) -> TrailOut:
        return TrailOut.of(await policy_flow.trail_of(tx, ref.id))

    return await at.read(work)
