"""Doors of reallocations (重新分账)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from services.collection.reallocation import flows as reallocation_flow
from services.collection.reallocation.schemas import ReallocationOut
from services.collection.register.routes.page import CreditCodePath
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page, page_by_id
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.get(
    "/v1/units/{credit_code}/reallocations",
    operation_id="list_reallocations",
    summary="重新分账记录 · List a unit's reallocations",
)
async def list_reallocations(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[ReallocationOut]:
    """List the changes of a unit's account after facts became known out of order, oldest first."""
    filters = {"of": "reallocations", "unit": credit_code}
    read = partial(reallocation_flow.page, credit_code=credit_code, caller=at.caller)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[ReallocationOut].of([ReallocationOut.of(row) for row in rows], following)
