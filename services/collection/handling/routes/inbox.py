"""Doors of district handling: the inbox, bulk steps, return codes, cut-offs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.flows import return_code as return_code_flow
from services.collection.filing.domain.declaration import Act
from services.collection.handling.domain.inbox import STEPS
from services.collection.handling.flows import bulk as handling_bulk_flow
from services.collection.handling.flows import cut_off as cut_off_flow
from services.collection.handling.flows import inbox as inbox_flow
from services.collection.handling.flows.inbox import BEGINNING, Inbox, InboxKey
from services.collection.handling.schemas.cut_off import CutOffIn, CutOffOut, CutOffsOut
from services.collection.handling.schemas.inbox import (
    InboxItemOut,
    InboxOut,
    ReturnCodeOut,
    ReturnCodesOut,
)
from services.collection.handling.schemas.steps import StepsIn, StepsOut
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import key_of
from shared.page import Cursor, Limit
from shared.period import PERIOD_PATTERN, Period
from shared.process.settings import Settings
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Catalogue = Annotated[Door, door(Right.READ_COLLECTION, any_unit=True)]
StepName = Literal["accept", "review", "send_summary", "submit_again", "approve_change", "audit"]


@router.get("/v1/inbox", operation_id="get_inbox", summary="待办 · The caller's inbox")
async def get_inbox(
    at: Reading,
    district: Annotated[Code | None, Query()] = None,
    step: StepName | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> InboxOut:
    """List papers that wait for the caller, by step, oldest first.

    Papers that the caller has signed wait for others and are left out.
    """
    scope = at.caller.scope(district)
    filters = {"of": "inbox", "in": scope, "step": step, "for": at.caller.role.value}
    after = _read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> Inbox:
        return await inbox_flow.read(
            tx, at.caller, district=scope, only=step, after=after, limit=limit + 1
        )

    found = await at.read(work)
    rows, following = cut(
        found.items,
        limit,
        lambda row: [STEPS.index(row[0]), row[1].since.isoformat(), row[1].key, row[1].id.hex],
        filters,
    )
    return InboxOut.of(found, [InboxItemOut.of(*row) for row in rows], following)


def _read_key(cursor: str | None, filters: dict[str, str | None]) -> InboxKey:
    if cursor is None:
        return BEGINNING
    position, since, key, paper = read_cursor(cursor, filters, (int, str, int, str))
    try:
        day = datetime.fromisoformat(since)
        if day.tzinfo is None:
            raise BadCursor
        return position, day, key, UUID(paper)
    except ValueError:
        raise BadCursor from None


@router.post(
    "/v1/declaration-steps",
    max_body_size=BULK_BYTES,
    operation_id="take_declaration_steps",
    summary="批量办理 · One step on many declarations",
    response_model=StepsOut,
)
async def take_declaration_steps(
    body: StepsIn, at: Annotated[Door, door(Right.ACCEPT_DECLARATION, Right.REVIEW_DECLARATION)]
) -> Response:
    """Take the step on each declaration by itself. A refusal of one does not affect the others."""

    async def work(tx: AsyncConnection) -> StepsOut:
        found = await handling_bulk_flow.act_on_all(
            tx, body.ids, Act(body.step), caller=at.caller, codes=body.codes, note=body.note
        )
        return StepsOut.of(found)

    return await at.write(work, key=key_of("declaration_steps", at.caller.subject))


@router.get(
    "/v1/return-codes", operation_id="list_return_codes", summary="退回原因代码 · Return codes"
)
async def list_return_codes(at: Catalogue) -> ReturnCodesOut:
    """Return the whole catalogue, with sources."""
    return ReturnCodesOut(
        items=[ReturnCodeOut.of(code) for code in await at.read(return_code_flow.catalogue)]
    )


@router.get("/v1/cut-offs", operation_id="list_cut_offs", summary="汇总截止日 · Cut-offs")
async def list_cut_offs(at: Catalogue, year: Annotated[int, Query(ge=1990, le=2099)]) -> CutOffsOut:
    """List the cut-offs of a year's twelve periods: set by the centre, or by the shipped rule."""
    settings: Settings = at.request.app.state.settings

    async def work(tx: AsyncConnection) -> CutOffsOut:
        found = await cut_off_flow.of_periods(
            tx, settings.region, Period(year, 1), Period(year, 12)
        )
        return CutOffsOut(items=[CutOffOut.of(found[period]) for period in sorted(found)])

    return await at.read(work)


@router.put(
    "/v1/cut-offs/{period}",
    operation_id="set_cut_off",
    summary="公布汇总截止日 · Set a period's cut-off",
    response_model=CutOffOut,
)
async def set_cut_off(
    period: Annotated[str, Path(pattern=PERIOD_PATTERN)],
    body: CutOffIn,
    at: Annotated[Door, door(Right.PUBLISH_POLICY)],
) -> Response:
    """Set a period's cut-off for summaries sent from now on. The trail records who set it."""
    settings: Settings = at.request.app.state.settings
    of_period = Period.parse(period)

    async def work(tx: AsyncConnection) -> CutOffOut:
        found = await cut_off_flow.put(
            tx, settings.region, of_period, body.cut_off_on, body.source, at.caller
        )
        return CutOffOut.of(found)

    return await at.write(work, key=key_of("region", settings.region))
