"""Doors of dunning notices (催缴通知书)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.flows import dunning as dunning_flow
from services.collection.arrears.schemas.dunning import (
    DunningNoticeHeadOut,
    DunningNoticeOut,
    DunningRunIn,
    DunningRunOut,
    NoticePageOut,
)
from services.collection.arrears.store import dunning as dunning_store
from services.collection.common.schemas.common import Day
from services.collection.register.routes.page import page_of
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.ids import Ref, district_key
from shared.page import Cursor, Limit, RefPath
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code, CreditCode

router = APIRouter(tags=["arrears"])
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/dunning-runs",
    operation_id="run_dunning",
    summary="生成催缴通知书 · Remind a district's debtors",
    status_code=201,
    response_model=DunningRunOut,
)
async def run_dunning(
    body: DunningRunIn, at: Annotated[Door, door(Right.SEND_DUNNING)]
) -> Response:
    """One numbered notice a unit and day; again on the same day it only adds who is new."""

    async def work(tx: AsyncConnection) -> DunningRunOut:
        region = at.request.app.state.settings.region
        dunned = await dunning_flow.run(
            tx, body.district, body.day, region=region, caller=at.caller
        )
        return DunningRunOut.of(body.district, body.day, dunned)

    return await at.write(work, key=district_key(body.district), status=201)


@router.get(
    "/v1/dunning-notices",
    operation_id="list_dunning_notices",
    summary="催缴通知书列表 · Dunning notices",
)
async def list_dunning_notices(
    at: Reading,
    credit_code: Annotated[CreditCode | None, Query()] = None,
    district: Annotated[Code | None, Query()] = None,
    day: Annotated[Day | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> NoticePageOut:
    """To a unit, of a district, or all; district people see their own."""
    asked = at.caller.scope(district)
    filters = {"of": "dunning", "unit": credit_code, "in": asked, "day": day}
    read = partial(dunning_store.page, district=asked, day=day)
    rows, following = await page_of(
        at, read, credit_code=credit_code, filters=filters, limit=limit, cursor=cursor
    )
    return NoticePageOut(
        items=[DunningNoticeHeadOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/dunning-notices/{notice}",
    operation_id="get_dunning_notice",
    summary="催缴通知书 · One dunning notice",
)
async def get_dunning_notice(notice: RefPath, at: Reading) -> DunningNoticeOut:
    """With its arrears per insurance and party."""
    ref = Ref.parse(Reference.DUNNING_NOTICE, notice)

    async def work(tx: AsyncConnection) -> DunningNoticeOut:
        return DunningNoticeOut.whole(*await dunning_flow.find(tx, ref, at.caller))

    return await at.read(work)
