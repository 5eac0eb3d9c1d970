"""Door that explains a bill line (缴费明细说明)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.explanation.flows import bill as explanation_bill_flow
from services.collection.explanation.flows.bill import BillLineExplanation
from services.collection.explanation.schemas.bill import BillLineExplanationOut, shares_of
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.ids import Ref
from shared.page import Cursor, Limit, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()


@router.get(
    "/v1/bills/{bill}/lines/{line}/explanation",
    operation_id="explain_bill_line",
    summary="缴费明细说明 · Explain a bill line",
)
async def explain_bill_line(
    bill: RefPath,
    line: Annotated[int, Path(ge=1, le=32_767)],
    at: Annotated[Door, door(Right.READ_COLLECTION)],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> BillLineExplanationOut:
    """Explain an amount by its rules and sources.

    The amounts are recomputed from the policy of the bill and compared with the stored ones.
    """
    ref = Ref.parse(Reference.BILL, bill)
    filters = {"of": "bill_line", "bill": bill, "line": line}
    after = 0 if cursor is None else read_cursor(cursor, filters, (int,))[0]

    async def work(tx: AsyncConnection) -> BillLineExplanation:
        return await explanation_bill_flow.line(
            tx, ref, line, after=after, limit=limit + 1, caller=at.caller
        )

    found = await at.read(work)
    people, following = cut(shares_of(found), limit, lambda share: [share.line], filters)
    return BillLineExplanationOut.of(found, people, following)
