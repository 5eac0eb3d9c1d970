"""Doors of district handling: the inbox, bulk steps, return codes, cut-offs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import shipped as common_shipped_store
from services.collection.filing.domain.declaration import Act
from services.collection.handling.domain.inbox import STEPS
from services.collection.handling.flows import bulk as handling_bulk_flow
from services.collection.handling.flows import cut_off as cut_off_flow
from services.collection.handling.flows import inbox as inbox_flow
from services.collection.handling.flows.inbox import BEGINNING, Inbox, Place
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
from shared.ids import key_of
from shared.page import Cursor, Limit
from shared.period import PERIOD_PATTERN, Period
from shared.process.settings import Settings
from shared.roles import Right
from shared.schema import Code

router = APIRouter(tags=["handling"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
StepName = Literal["accept", "review", "send_summary", "submit_again", "approve_change", "audit"]


@router.get("/v1/inbox", operation_id="get_inbox", summary="待办 · What waits for the caller")
async def get_inbox(
    at: Reading,
    district: Annotated[Code | None, Query()] = None,
    step: StepName | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> InboxOut:
    """By step, oldest first, in the caller's district. What the caller has signed waits for others."""
    asked = at.caller.scope(district)
    filters = {"of": "inbox", "in": asked, "step": step, "for": at.caller.role.value}
    after = _place(cursor, filters)

    async def work(tx: AsyncConnection) -> Inbox:
        return await inbox_flow.read(
            tx, at.caller, district=asked, only=step, after=after, limit=limit + 1
        )

    found = await at.read(work)
    rows, following = cut(
        found.items,
        limit,
        lambda row: [STEPS.index(row[0]), row[1].since.isoformat(), row[1].key, row[1].id.hex],
        filters,
    )
    return InboxOut.of(found, [InboxItemOut.of(*row) for row in rows], following)


def _place(cursor: str | None, filters: dict[str, str | None]) -> Place:
    if cursor is None:
        return BEGINNING
    place, since, key, paper = read_cursor(cursor, filters, (int, str, int, str))
    try:
        day = datetime.fromisoformat(since)
        if day.tzinfo is None:
            raise BadCursor
        return place, day, key, UUID(paper)
    except ValueError:
        raise BadCursor from None


@router.post(
    "/v1/declaration-steps",
    operation_id="take_declaration_steps",
    summary="批量办理 · One step on many declarations",
    response_model=StepsOut,
)
async def take_declaration_steps(
    body: StepsIn, at: Annotated[Door, door(Right.ACCEPT_DECLARATION, Right.REVIEW_DECLARATION)]
) -> Response:
    """Each by itself: what is refused for one holds up no other. Four eyes hold for every one."""

    async def work(tx: AsyncConnection) -> StepsOut:
        found = await handling_bulk_flow.act_on_all(
            tx, body.ids, Act(body.step), caller=at.caller, codes=body.codes, note=body.note
        )
        return StepsOut.of(found)

    return await at.write(work, key=key_of("declaration_steps", at.caller.subject))


@router.get(
    "/v1/return-codes", operation_id="list_return_codes", summary="退回原因代码 · Return codes"
)
async def list_return_codes(_: Reading) -> ReturnCodesOut:
    """The whole catalogue, with sources."""
    return ReturnCodesOut(
        items=[ReturnCodeOut.of(code) for code in common_shipped_store.return_codes()]
    )


@router.get("/v1/cut-offs", operation_id="list_cut_offs", summary="汇总截止日 · Cut-offs")
async def list_cut_offs(at: Reading, year: Annotated[int, Query(ge=1990, le=2099)]) -> CutOffsOut:
    """Of the twelve periods of a year: the shipped rule, or what the centre has set."""
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
    """Counts for summaries sent from now on; who set it stands on the trail."""
    settings: Settings = at.request.app.state.settings
    asked = Period.parse(period)

    async def work(tx: AsyncConnection) -> CutOffOut:
        found = await cut_off_flow.put(
            tx, settings.region, asked, body.cut_off_on, body.source, at.caller
        )
        return CutOffOut.of(found)

    return await at.write(work, key=key_of("region", settings.region))
