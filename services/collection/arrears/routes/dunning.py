"""Doors of dunning notices (催缴通知书)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.collection.arrears.flows import dunning as dunning_flow
from services.collection.arrears.schemas.dunning import (
    DunningNoticeHeadOut,
    DunningNoticeOut,
    DunningRunIn,
    DunningRunOut,
)
from services.collection.common.schemas.common import Day
from services.collection.register.routes.page import page_of
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, district_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
Listing = Annotated[Door, door(Right.READ_COLLECTION, filters_units=True)]


@router.post(
    "/v1/dunning-runs",
    operation_id="run_dunning",
    summary="生成催缴通知书 · Write a district's dunning notices",
    status_code=201,
    response_model=DunningRunOut,
)
async def run_dunning(
    body: DunningRunIn, at: Annotated[Door, door(Right.SEND_DUNNING)]
) -> Response:
    """Write one numbered notice per unit and day.

    A second run on the same day only adds units that have no notice of that day yet.
    """
    return await at.write(
        lambda tx: dunning_flow.run(
            tx, body.district, body.day, region=at.region, caller=at.caller
        ),
        shape=partial(DunningRunOut.of, body.district, body.day),
        key=district_key(body.district),
        status=201,
    )


@router.get(
    "/v1/dunning-notices",
    operation_id="list_dunning_notices",
    summary="催缴通知书列表 · List dunning notices",
)
async def list_dunning_notices(
    at: Listing,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    day: Annotated[Day | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[DunningNoticeHeadOut]:
    """List notices to a unit, in a district or to all. District staff see their own district."""
    scope = at.caller.scope(district)
    filters = {"of": "dunning", "unit": credit_code, "in": scope, "day": day}
    read = partial(dunning_flow.page, district=scope, day=day)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return Page[DunningNoticeHeadOut].of([DunningNoticeHeadOut.of(row) for row in rows], following)


@router.get(
    "/v1/dunning-notices/{notice}",
    operation_id="get_dunning_notice",
    summary="催缴通知书 · Get a dunning notice",
)
async def get_dunning_notice(notice: RefPath, at: Reading) -> DunningNoticeOut:
    """Get a notice with its arrears per insurance and party."""
    ref = Ref.parse(Reference.DUNNING_NOTICE, notice)
    row, lines = await at.read(lambda tx: dunning_flow.find(tx, ref, at.caller))
    return DunningNoticeOut.whole(row, lines)
