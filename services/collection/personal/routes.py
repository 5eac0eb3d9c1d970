"""Doors of personal credits: are they on their way, what was refused, tell of them again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.personal import flows as personal_flow
from services.collection.personal import store as personal_store
from services.collection.personal.schemas import (
    DeliveriesOut,
    DeliveriesReplayIn,
    DeliveriesReplayOut,
    RefusedDeliveriesOut,
    RefusedDeliveryOut,
)
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit
from shared.roles import CENTRE, Right

router = APIRouter(tags=["personal"])

Reading = Annotated[Door, door(Right.READ_COLLECTION)]
_KEY = key_of("personal", "replays")
_FILTERS = {"of": "refused personal credits"}


@router.get(
    "/v1/personal-deliveries",
    operation_id="get_personal_deliveries",
    summary="个人账户划入进度 · Persons' credits on their way, and refused",
)
async def get_personal_deliveries(at: Reading) -> DeliveriesOut:
    """Both zero: every settled bill's persons have been credited."""
    return DeliveriesOut(**await at.read(personal_store.stats))


@router.get(
    "/v1/personal-deliveries/refused",
    operation_id="list_refused_personal_deliveries",
    summary="个人账户划入被拒清单 · Credits that the ledger does not take, and why",
)
async def list_refused(
    at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> RefusedDeliveriesOut:
    """Of all units: for the centre."""
    at.caller.require_district(CENTRE)
    after = _after(cursor)
    rows = await at.read(lambda tx: personal_store.refusals(tx, after, limit + 1))
    page, following = cut(rows, limit, lambda row: [row.bill_id.hex, row.chunk], _FILTERS)
    return RefusedDeliveriesOut(
        items=[RefusedDeliveryOut.of(row) for row in page],
        next_cursor=following,
        has_more=following is not None,
    )


def _after(cursor: str | None) -> tuple[UUID, int] | None:
    if cursor is None:
        return None
    bill, chunk = read_cursor(cursor, _FILTERS, (str, int))
    try:
        return UUID(bill), chunk
    except ValueError:
        raise BadCursor from None


@router.post(
    "/v1/personal-deliveries/replays",
    operation_id="replay_personal_deliveries",
    summary="重新划入 · Tell the ledger of every settled bill again, or of those refused",
    response_model=DeliveriesReplayOut,
)
async def replay_personal_deliveries(
    asked: DeliveriesReplayIn, at: Annotated[Door, door(Right.REPLAY_OUTBOX)]
) -> Response:
    """The ledger has each once: what it knows it answers with "replayed"."""

    async def work(tx: AsyncConnection) -> DeliveriesReplayOut:
        refused = asked.deliveries == "refused"
        return DeliveriesReplayOut(replayed=await personal_flow.tell_again(tx, refused=refused))

    return await at.write(work, key=_KEY)
