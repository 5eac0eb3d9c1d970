"""Doors of closings. Only the centre uses them, and each closing needs two people."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.closing import flows as closing_flow
from services.ledger.closing.domain.closing import Closing
from services.ledger.closing.flows import HandQuery
from services.ledger.closing.schemas.closing import (
    ClosedUntilOut,
    ClosingIn,
    ClosingOut,
    ClosingTrailOut,
    OpenItemsOut,
    ReopeningIn,
)
from services.ledger.closing.schemas.control import ClosingTotalsOut, HandVoucherOut
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.routes.door import opened
from services.ledger.reports.routes.parameters import region_of
from services.ledger.rules.domain.closing_rule import Level
from shared import clock
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.schema import Code, Day
from shared.web.door_router import DoorRouter
from shared.wire.control_item import ControlItem

router = DoorRouter()

ClosingId = Annotated[str, Path(max_length=60)]
Reading = Annotated[Door, door(Right.READ_LEDGER)]
Proposing = Annotated[Door, door(Right.PROPOSE_CLOSING)]
Approving = Annotated[Door, door(Right.APPROVE_CLOSING)]


async def _propose(at: Door, closing: Closing) -> Response:
    books = await opened(at)

    async def work(tx: AsyncConnection) -> ClosingOut:
        return ClosingOut.of(await closing_flow.propose(tx, books.catalogue, closing, at.caller))

    return await at.write(work, key=CENTRE_SLOT, status=201)


@router.post(
    "/v1/closings",
    operation_id="propose_closing",
    summary="提出结账(日结、月结、年结) · Propose to close a day, a month or a year",
    status_code=201,
    response_model=ClosingOut,
)
async def propose_closing(body: ClosingIn, at: Proposing) -> Response:
    """Propose a closing. A refusal names every reason against it at once."""
    return await _propose(at, body.closing(region_of(at), at.caller.subject))


@router.post(
    "/v1/reopenings",
    operation_id="propose_reopening",
    summary="提出反结账 · Propose to reopen closed days, with the reason",
    status_code=201,
    response_model=ClosingOut,
)
async def propose_reopening(body: ReopeningIn, at: Proposing) -> Response:
    """Propose to reopen a day and all later days. Carry-overs of reopened years are reversed."""
    return await _propose(at, body.reopening(region_of(at), at.caller.subject))


@router.post(
    "/v1/closings/{id}/approvals",
    operation_id="approve_closing",
    summary="核准结账或反结账 · Approve a closing or a reopening, and do it",
    response_model=ClosingOut,
)
async def approve_closing(id: ClosingId, at: Approving) -> Response:
    """Approve what another person proposed. It is checked again while nothing can be posted."""
    books = await opened(at)

    async def work(tx: AsyncConnection) -> ClosingOut:
        return ClosingOut.of(await closing_flow.approve(tx, books.catalogue, id, at.caller))

    return await at.write(work, key=CENTRE_SLOT)


@router.get(
    "/v1/closings",
    operation_id="list_closings",
    summary="结账记录 · Closings and reopenings, newest first",
)
async def list_closings(
    at: Reading, level: Level | None = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[ClosingOut]:
    """List closings and reopenings, newest first."""
    require_centre(at.caller)
    rows, following = await at.read(lambda tx: closing_flow.page(tx, level, cursor, limit))
    return Page[ClosingOut].of([ClosingOut.of(row) for row in rows], following)


@router.get(
    "/v1/closings/{id}", operation_id="read_closing", summary="结账单 · One closing or reopening"
)
async def read_closing(id: ClosingId, at: Reading) -> ClosingOut:
    """Read one closing or reopening."""
    require_centre(at.caller)
    return ClosingOut.of(await at.read(lambda tx: closing_flow.find(tx, id)))


@router.get(
    "/v1/closings/{id}/trail",
    operation_id="closing_trail",
    summary="结账单经办记录 · The steps of a closing and their people",
)
async def closing_trail(id: ClosingId, at: Reading) -> ClosingTrailOut:
    """List the steps of a closing or reopening, oldest first."""
    require_centre(at.caller)
    return ClosingTrailOut.of(await at.read(lambda tx: closing_flow.steps(tx, id)))


@router.get(
    "/v1/closed-until",
    operation_id="closed_until",
    summary="结账进度 · How far the books are closed",
)
async def closed_until(at: Reading) -> ClosedUntilOut:
    """Read the last closed day, month and year."""
    region = region_of(at)
    return ClosedUntilOut.of(region, await at.read(lambda tx: closing_flow.progress(tx, region)))


@router.get(
    "/v1/closing-totals",
    operation_id="closing_totals",
    summary="账簿数 · The books' totals that a closing compares",
)
async def closing_totals(at: Reading, as_of: Day | None = None) -> ClosingTotalsOut:
    """Read the books' total of every item and fund at the end of a day, over all years."""
    require_centre(at.caller)
    books, day = await opened(at), as_of or clock.today()
    found = await at.read(lambda tx: closing_flow.evidence(tx, books.catalogue, day))
    return ClosingTotalsOut.of(day, found)


@router.get(
    "/v1/closing-totals/papers",
    operation_id="list_vouchers_by_hand",
    summary="手工凭证 · Vouchers by hand behind a difference of a closing",
)
async def list_vouchers_by_hand(
    at: Reading,
    item: ControlItem,
    fund: Annotated[Code, Query(examples=["pension"])],
    as_of: Day | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[HandVoucherOut]:
    """List the month's vouchers of an item that people posted or reversed: no business paper has them."""
    require_centre(at.caller)
    books = await opened(at)
    query = HandQuery(item=item, fund=fund, as_of=as_of or clock.today())
    rows, following = await at.read(
        lambda tx: closing_flow.vouchers_by_hand(tx, books.catalogue, query, cursor, limit)
    )
    return Page[HandVoucherOut].of([HandVoucherOut.of(row) for row in rows], following)


@router.get(
    "/v1/suspense",
    operation_id="unmatched_receipts",
    summary="未认领到账清单 · Receipts still in suspense at the end of a day",
)
async def unmatched_receipts(
    at: Reading, as_of: Day | None = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> OpenItemsOut:
    """List the receipts that make up 暂收款. Closings that require matched receipts need it empty."""
    require_centre(at.caller)
    day = as_of or clock.today()
    rows, following = await at.read(lambda tx: closing_flow.open_items(tx, day, cursor, limit))
    return OpenItemsOut.of(day, rows, following)
