"""Doors of closings: the centre's alone, two people each."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.closing import flows as closing_flow
from services.ledger.closing import store as closing_store
from services.ledger.closing.domain.closing import Closing
from services.ledger.closing.schemas import (
    ClosingIn,
    ClosingOut,
    ClosingsOut,
    ClosingTrailOut,
    OpenItemOut,
    OpenItemsOut,
    ReopeningIn,
    StandingOut,
    closing_from,
    closing_out,
    reopening_from,
    standing_out,
    trail_out,
)
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.store import report as report_store
from services.ledger.rules.domain.closing_rule import Level
from shared import clock, trail
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX, cut, read_cursor, read_uuid
from shared.door import Door, door
from shared.roles import Right

router = APIRouter()

ClosingId = Annotated[str, Path(max_length=60)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]
Proposing = Annotated[Door, door(Right.PROPOSE_CLOSING)]
Approving = Annotated[Door, door(Right.APPROVE_CLOSING)]


def _region(door: Door) -> str:
    return str(door.request.app.state.region)


async def _propose(door: Door, asked: Closing) -> Response:
    books = await opened(door)

    async def work(tx: AsyncConnection) -> ClosingOut:
        return closing_out(await closing_flow.propose(tx, books.catalogue, asked, door.caller))

    return await door.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/closings",
    operation_id="propose_closing",
    summary="提出结账(日结、月结、年结) · Propose to close a day, a month or a year",
    status_code=201,
    response_model=ClosingOut,
)
async def propose_closing(body: ClosingIn, door: Proposing) -> Response:
    """Propose a closing; every reason against it as things stand is named at once."""
    return await _propose(door, closing_from(body, _region(door), door.caller.subject))


@router.post(
    "/v1/reopenings",
    operation_id="propose_reopening",
    summary="提出反结账 · Propose to open closed days again, with the reason",
    status_code=201,
    response_model=ClosingOut,
)
async def propose_reopening(body: ReopeningIn, door: Proposing) -> Response:
    """Propose to open a day and all later ones; a year's carry-over is then taken back too."""
    return await _propose(door, reopening_from(body, _region(door), door.caller.subject))


@router.post(
    "/v1/closings/{id}/approvals",
    operation_id="approve_closing",
    summary="核准结账或反结账 · Approve a closing or a reopening, and do it",
    response_model=ClosingOut,
)
async def approve_closing(id: ClosingId, door: Approving) -> Response:
    """Approve what somebody else proposed. It is judged anew while no posting can slip in."""
    books = await opened(door)

    async def work(tx: AsyncConnection) -> ClosingOut:
        return closing_out(await closing_flow.approve(tx, books.catalogue, id, door.caller))

    return await door.write(work, key=CENTRE_SLOT)


@router.get(
    "/v1/closings",
    operation_id="list_closings",
    summary="结账记录 · Closings and reopenings, newest first",
)
async def list_closings(
    door: Reading,
    level: Level | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> ClosingsOut:
    """Closings and reopenings, newest first."""
    require_centre(door.caller)
    filters = {"level": level}
    before = read_uuid(cursor, filters)
    rows = await door.read(
        lambda tx: closing_store.page(
            tx, level=level.value if level else None, before=before, limit=limit + 1
        )
    )
    page, next_cursor = cut(rows, limit, lambda row: [str(row.id)], filters)
    return ClosingsOut(
        items=[closing_out(row) for row in page],
        next_cursor=next_cursor,
        has_more=next_cursor is not None,
    )


@router.get(
    "/v1/closings/{id}", operation_id="read_closing", summary="结账单 · One closing or reopening"
)
async def read_closing(id: ClosingId, door: Reading) -> ClosingOut:
    """One closing or reopening."""
    require_centre(door.caller)
    return closing_out(await door.read(lambda tx: closing_flow.read(tx, id)))


@router.get(
    "/v1/closings/{id}/trail",
    operation_id="closing_trail",
    summary="结账单经办记录 · Who did what on it",
)
async def closing_trail(id: ClosingId, door: Reading) -> ClosingTrailOut:
    """The steps on a closing or reopening, oldest first."""
    require_centre(door.caller)

    async def work(tx: AsyncConnection) -> ClosingTrailOut:
        found = await closing_flow.read(tx, id)
        return trail_out(await trail.of_paper(tx, CENTRE_SLOT, found.id))

    return await door.read(work)


@router.get(
    "/v1/closed-until",
    operation_id="closed_until",
    summary="结账进度 · How far the books are closed",
)
async def closed_until(door: Reading) -> StandingOut:
    """The last closed day, month and year."""
    region = _region(door)
    return standing_out(region, await door.read(lambda tx: closing_store.standing(tx, region)))


@router.get(
    "/v1/suspense",
    operation_id="unmatched_receipts",
    summary="未认领到账清单 · Receipts still in suspense at the end of a day",
)
async def unmatched_receipts(
    door: Reading,
    as_of: date | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> OpenItemsOut:
    """Receipt by receipt what 暂收款 consists of; empty when a closing may pass."""
    require_centre(door.caller)
    day = as_of or clock.today()
    filters = {"as_of": day}
    found = read_cursor(cursor, filters, (str, str, str)) if cursor else None
    after = (found[0], found[1], found[2]) if found else None
    rows = await door.read(lambda tx: report_store.open_items(tx, day, after, limit + 1))
    page, next_cursor = cut(rows, limit, lambda r: [r.receipt, r.fund, r.district], filters)
    return OpenItemsOut(
        as_of=day,
        items=[
            OpenItemOut(
                receipt=row.receipt,
                fund=row.fund,
                district=row.district,
                amount=row.open_fen,
                since=row.since,
            )
            for row in page
        ],
        next_cursor=next_cursor,
        has_more=next_cursor is not None,
    )
