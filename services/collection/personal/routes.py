"""Doors of personal credits (个人账户划入): their progress, those refused, and replays."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi.responses import Response

from services.collection.personal import flows as personal_flow
from services.collection.personal.schemas import (
    DeliveriesOut,
    DeliveriesReplayIn,
    DeliveriesReplayOut,
    RefusedDeliveryOut,
)
from shared.cursor import LIMIT_DEFAULT, BadCursor, cut, read_cursor
from shared.door import Door, door
from shared.ids import key_of
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()

Reading = Annotated[Door, door(Right.READ_COLLECTION)]
_KEY = key_of("personal", "replays")
_FILTERS = {"of": "refused personal credits"}


@router.get(
    "/v1/personal-deliveries",
    operation_id="get_personal_deliveries",
    summary="个人账户划入进度 · Get the progress of personal credits",
)
async def get_personal_deliveries(at: Reading) -> DeliveriesOut:
    """Count waiting bills and refused chunks. Both are zero when everybody has been credited."""
    return DeliveriesOut(**await at.read(personal_flow.stats))


@router.get(
    "/v1/personal-deliveries/refused",
    operation_id="list_refused_personal_deliveries",
    summary="个人账户划入被拒清单 · List the personal credits that the ledger refused",
)
async def list_refused(
    at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[RefusedDeliveryOut]:
    """List refused credits of all units with their reasons, for the centre."""
    after = _after(cursor)
    found = await at.read(
        lambda tx: personal_flow.refusals(tx, at.caller, after=after, limit=limit + 1)
    )
    rows, following = cut(found, limit, lambda row: [row.bill_id.hex, row.chunk], _FILTERS)
    return Page[RefusedDeliveryOut].of([RefusedDeliveryOut.of(row) for row in rows], following)


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
    summary="重新划入 · Send personal credits to the ledger again",
    response_model=DeliveriesReplayOut,
)
async def replay_personal_deliveries(
    body: DeliveriesReplayIn, at: Annotated[Door, door(Right.REPLAY_OUTBOX)]
) -> Response:
    """Send the credits of all settled bills again, or of refused ones only.

    The ledger takes each credit once and answers known ones with "replayed".
    """
    return await at.write(
        lambda tx: personal_flow.send_again(tx, refused=body.deliveries == "refused"),
        shape=DeliveriesReplayOut.of,
        key=_KEY,
    )
