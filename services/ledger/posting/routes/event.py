"""Door of the feed, for readers that keep a copy of the books."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.ledger.common.routes.door import json_answer
from services.ledger.posting.flows import event as event_flow
from services.ledger.posting.flows.feed_watch import FeedWatch
from services.ledger.posting.flows.voucher import require_centre
from services.ledger.posting.schemas.event import EventOut, EventsOut
from shared.door import Door, door
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Reading = Annotated[Door, door(Right.READ_LEDGER)]
WAIT_SECONDS_MAX = 25


@router.get(
    "/v1/events",
    operation_id="events",
    summary="记账事件流 · Everything booked after a place, without gaps",
    response_model=EventsOut,
)
async def events(
    at: Reading,
    after_seq: Annotated[
        str,
        Query(
            max_length=16_000,
            pattern=r"^[0-9:,]*$",
            examples=["0:12,1:5"],
            description="各记账单元:已读到的序号 (slot:last number seen; empty = from the beginning)",
        ),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    wait: Annotated[
        int,
        Query(ge=0, le=WAIT_SECONDS_MAX, description="无新事件时等候秒数 (seconds to wait)"),
    ] = 0,
) -> Response:
    """Read vouchers in the order of each chain, without gaps or repeats."""
    require_centre(at.caller)
    watch: FeedWatch = at.request.app.state.feed_watch
    found, reached, more = await event_flow.events(at.db, watch, after_seq, limit, wait)
    return json_answer(
        EventsOut(
            items=[EventOut.of(one) for one in found],
            after_seq=event_flow.text_of(reached),
            has_more=more,
        )
    )
