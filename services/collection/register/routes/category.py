"""Doors of people's categories (参保类别): change them from a month on, see what was recorded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.flows import category as category_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.routes.page import CreditCodePath, read_key
from services.collection.register.schemas.category import (
    CategoriesIn,
    CategoriesOut,
    CategoryOut,
    CategoryPageOut,
)
from services.collection.register.store import category as category_store
from services.collection.register.store.category import CategoryListed
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.ids import unit_key
from shared.page import Cursor, Limit
from shared.process.settings import Settings
from shared.roles import Right
from shared.security.identity import Identity

router = APIRouter(tags=["register"])
Registering = Annotated[Door, door(Right.REGISTER)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/units/{credit_code}/categories",
    operation_id="change_categories",
    summary="参保类别变更 · Change what people are levied as",
    status_code=201,
    response_model=CategoriesOut,
)
async def change_categories(
    credit_code: CreditCodePath, body: CategoriesIn, at: Registering
) -> Response:
    """All of them or none, with every fault named. Months before stay as they were declared."""
    settings: Settings = at.request.app.state.settings
    identity: Identity = at.request.app.state.identity
    asked = body.asked(credit_code)

    async def work(tx: AsyncConnection) -> CategoriesOut:
        return CategoriesOut.of(
            await category_flow.recast(
                tx, asked, region=settings.region, pepper=identity.pepper, caller=at.caller
            )
        )

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.get(
    "/v1/units/{credit_code}/categories",
    operation_id="list_categories",
    summary="参保类别记录 · What people were recorded as",
)
async def list_categories(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> CategoryPageOut:
    """Ordinary employees have no row, unless they were something else once."""
    filters = {"of": "categories", "unit": credit_code}
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> list[CategoryListed]:
        await unit_flow.find(tx, credit_code, at.caller)
        return await category_store.page(tx, unit_key(credit_code), after, limit + 1)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.person_id, row.id.hex], filters
    )
    return CategoryPageOut(
        items=[CategoryOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )
