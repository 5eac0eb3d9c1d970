"""Doors of credits (贷项): what restated months came to less, and what stands of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.credit import Credit
from services.collection.billing.schemas.credit import CreditOut, CreditPageOut
from services.collection.billing.store import credit as credit_store
from services.collection.register.flows import unit as unit_flow
from services.collection.register.routes.page import CreditCodePath
from shared.cursor import LIMIT_DEFAULT, cut, read_uuid
from shared.door import Door, door
from shared.ids import unit_key
from shared.page import Cursor, Limit
from shared.roles import Right

router = APIRouter(tags=["bills"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
NIL = UUID(int=0)


@router.get(
    "/v1/units/{credit_code}/credits",
    operation_id="list_credits",
    summary="贷项列表 · A unit's credits",
)
async def list_credits(
    credit_code: CreditCodePath,
    at: Reading,
    standing: bool = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> CreditPageOut:
    """Oldest first; with `standing`, only those that something stands of."""
    filters = {"of": "credits", "unit": credit_code, "standing": standing}
    after = read_uuid(cursor, filters) or NIL

    async def work(tx: AsyncConnection) -> list[Credit]:
        await unit_flow.find(tx, credit_code, at.caller)
        return await credit_store.page(
            tx,
            unit_key(credit_code),
            credit_code,
            standing=standing,
            after=after,
            limit=limit + 1,
        )

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    return CreditPageOut(
        items=[CreditOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )
