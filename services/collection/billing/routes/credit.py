"""Doors of credits (贷项)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from services.collection.billing.flows import credit as credit_flow
from services.collection.billing.schemas.credit import CreditOut
from services.collection.register.routes.page import CreditCodePath
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page, page_by_id
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.get(
    "/v1/units/{credit_code}/credits",
    operation_id="list_credits",
    summary="贷项列表 · List a unit's credits",
)
async def list_credits(
    credit_code: CreditCodePath,
    at: Reading,
    standing: bool = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[CreditOut]:
    """List a unit's credits, oldest first; with `standing`, only those with an unused rest."""
    filters = {"of": "credits", "unit": credit_code, "standing": standing}
    read = partial(credit_flow.page, credit_code=credit_code, unused=standing, caller=at.caller)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[CreditOut].of([CreditOut.of(row) for row in rows], following)
