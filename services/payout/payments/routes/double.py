"""Door of double payments."""

from __future__ import annotations

from typing import Annotated

from services.payout.common.routes import DistrictQuery, FundQuery, line_key_after, person_keys
from services.payout.payments.domain.double import DoubleStatus
from services.payout.payments.flows import double as double_flow
from services.payout.payments.schemas.double import DoublePaymentOut
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.page import Cursor, Limit, Page
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["double payments"])


@router.get(
    "/v1/double-payments",
    operation_id="list_double_payments",
    summary="重复支付清单 · Second payments that a merger of two records has shown",
)
async def list_double_payments(
    at: Annotated[Door, door(Right.READ_PAYOUT)],
    district: DistrictQuery = None,
    fund: FundQuery = None,
    status: DoubleStatus | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[DoublePaymentOut]:
    """List lines that are never paid again; `status=to_recover` lists what the clerk recovers."""
    columns = {
        "district": at.caller.scope(district),
        "fund": fund,
        "status": status.value if status else None,
    }
    filters = {"list": "double_payments"} | columns
    after = line_key_after(cursor, filters)
    rows = await at.read(
        lambda tx: double_flow.page(tx, filters=columns, after=after, limit=limit + 1)
    )
    shown, next_cursor = cut(rows, limit, lambda row: [row.claim.id.hex, row.line_no], filters)
    keys = person_keys(at.request)
    return Page[DoublePaymentOut].of([DoublePaymentOut.of(row, keys) for row in shown], next_cursor)
