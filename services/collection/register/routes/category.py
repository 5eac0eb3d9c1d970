"""Doors of people's categories (参保类别): change them from a month on, and list the records."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.register.flows import category as category_flow
from services.collection.register.routes.page import CreditCodePath, read_key
from services.collection.register.schemas.category import (
    CategoryChangeIn,
    CategoryChangeOut,
    CategoryOut,
)
from services.collection.register.store.category import CategoryRecord
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import unit_key
from shared.page import Cursor, Limit, Page
from shared.process.settings import Settings
from shared.roles import Right
from shared.security.identity import Identity
from shared.web.door_router import DoorRouter

router = DoorRouter()
Registering = Annotated[Door, door(Right.REGISTER)]
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/units/{credit_code}/categories",
    max_body_size=BULK_BYTES,
    operation_id="change_categories",
    summary="参保类别变更 · Change categories of people",
    status_code=201,
    response_model=CategoryChangeOut,
)
async def change_categories(
    credit_code: CreditCodePath, body: CategoryChangeIn, at: Registering
) -> Response:
    """Change all of them or none; every fault is named. Earlier months stay as declared."""
    settings: Settings = at.request.app.state.settings
    identity: Identity = at.request.app.state.identity
    change = body.change(credit_code)

    async def work(tx: AsyncConnection) -> CategoryChangeOut:
        return CategoryChangeOut.of(
            await category_flow.change(
                tx, change, region=settings.region, pepper=identity.pepper, caller=at.caller
            )
        )

    return await at.write(work, key=unit_key(credit_code), status=201)


@router.get(
    "/v1/units/{credit_code}/categories",
    operation_id="list_categories",
    summary="参保类别记录 · Recorded categories",
)
async def list_categories(
    credit_code: CreditCodePath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[CategoryOut]:
    """List the records, person by person. Ordinary employees have none."""
    filters = {"of": "categories", "unit": credit_code}
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> list[CategoryRecord]:
        return await category_flow.page(tx, credit_code, after, limit + 1, at.caller)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.person_id, row.id.hex], filters
    )
    return Page[CategoryOut].of([CategoryOut.of(row) for row in rows], following)
