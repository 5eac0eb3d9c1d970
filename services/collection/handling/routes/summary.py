"""Doors of district summaries (汇总表), their audit and their return."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.schemas.common import TrailOut
from services.collection.handling.flows import summary as summary_flow
from services.collection.handling.flows.summary_return import send_back
from services.collection.handling.schemas.summary import (
    AuditIn,
    SummaryIn,
    SummaryItemOut,
    SummaryOut,
    SummaryReturnIn,
    SummaryReturnOut,
)
from services.collection.handling.store.summary import SummaryRow
from services.collection.handling.store.summary_items import SummaryItemRow
from services.collection.register.routes.page import read_key
from shared import trail
from shared.cursor import LIMIT_DEFAULT, cut
from shared.door import Door, door
from shared.ids import Ref, district_key
from shared.page import Cursor, Limit, Page, RefPath
from shared.period import PERIOD_PATTERN
from shared.references import Reference
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]


@router.post(
    "/v1/summaries",
    operation_id="send_summary",
    summary="上报汇总表 · Send a district's summary",
    status_code=201,
    response_model=SummaryOut,
)
async def send_summary(body: SummaryIn, at: Annotated[Door, door(Right.SEND_SUMMARY)]) -> Response:
    """Send the period's reviewed declarations that are in no summary yet.

    Later declarations go into the next summary, under the next number. A summary sent after the
    period's cut-off is marked late.
    """

    async def work(tx: AsyncConnection) -> SummaryOut:
        sent = await summary_flow.send(
            tx, body.district, body.period, at.caller, sent_on=body.sent_on
        )
        return SummaryOut.of(sent)

    return await at.write(work, key=district_key(body.district), status=201)


@router.post(
    "/v1/summaries/{summary}/audits",
    operation_id="audit_summary",
    summary="市中心审核 · Audit a summary",
    status_code=201,
    response_model=SummaryOut,
)
async def audit_summary(
    summary: RefPath, body: AuditIn, at: Annotated[Door, door(Right.AUDIT_SUMMARY)]
) -> Response:
    """Audit a summary; refused if a control total differs. Bills are then issued in the background."""
    ref = Ref.parse(Reference.SUMMARY, summary)

    async def work(tx: AsyncConnection) -> SummaryOut:
        control = body.control.totals()
        return SummaryOut.of(await summary_flow.audit(tx, ref, control, body.bill_date, at.caller))

    return await at.write(work, key=ref.key, status=201)


@router.get("/v1/summaries", operation_id="list_summaries", summary="汇总表 · Summaries")
async def list_summaries(
    at: Reading,
    district: Annotated[Code | None, Query()] = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    status: Literal["sent", "audited", "billed", "returned"] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[SummaryOut]:
    """List the summaries of a district or of all; district staff see their own district."""
    scope = at.caller.scope(district)
    filters = {"of": "summaries", "in": scope, "period": period, "status": status}
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> list[SummaryRow]:
        return await summary_flow.page(
            tx, district=scope, period=period, status=status, after=after, limit=limit + 1
        )

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.district_key, row.id.hex], filters
    )
    return Page[SummaryOut].of([SummaryOut.of(row) for row in rows], following)


@router.get("/v1/summaries/{summary}", operation_id="get_summary", summary="汇总表 · One summary")
async def get_summary(summary: RefPath, at: Reading) -> SummaryOut:
    """Return a summary with its control totals."""
    ref = Ref.parse(Reference.SUMMARY, summary)

    async def work(tx: AsyncConnection) -> SummaryOut:
        return SummaryOut.of(await summary_flow.find(tx, ref, at.caller))

    return await at.read(work)


@router.get(
    "/v1/summaries/{summary}/trail",
    operation_id="get_summary_trail",
    summary="办理轨迹 · Its trail",
)
async def get_summary_trail(summary: RefPath, at: Reading) -> TrailOut:
    """List who sent, returned and audited a summary."""
    ref = Ref.parse(Reference.SUMMARY, summary)

    async def work(tx: AsyncConnection) -> TrailOut:
        row = await summary_flow.find(tx, ref, at.caller)
        return TrailOut.of(await trail.of_paper(tx, row.district_key, row.id))

    return await at.read(work)


@router.get(
    "/v1/summaries/{summary}/declarations",
    operation_id="list_summary_declarations",
    summary="汇总表明细 · Its declarations, per fund",
)
async def list_summary_declarations(
    summary: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[SummaryItemOut]:
    """List the declarations that make up the control totals, unit by unit."""
    ref = Ref.parse(Reference.SUMMARY, summary)
    filters = {"of": "summary_declarations", "summary": summary}
    after = read_key(cursor, filters)

    async def work(tx: AsyncConnection) -> list[SummaryItemRow]:
        return await summary_flow.page_of_items(tx, ref, after, limit + 1, at.caller)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.unit_id, row.id.hex], filters
    )
    return Page[SummaryItemOut].of([SummaryItemOut.of(row) for row in rows], following)


@router.post(
    "/v1/summaries/{summary}/returns",
    operation_id="return_summary",
    summary="市中心退回 · Return a summary, or some of its declarations",
    status_code=201,
    response_model=SummaryReturnOut,
)
async def return_summary(
    summary: RefPath, body: SummaryReturnIn, at: Annotated[Door, door(Right.AUDIT_SUMMARY)]
) -> Response:
    """Return the named declarations to their units and restate the summary's totals.

    Without names the whole summary goes back to its district; its declarations stay reviewed and
    wait for the next summary.
    """
    ref = Ref.parse(Reference.SUMMARY, summary)

    async def work(tx: AsyncConnection) -> SummaryReturnOut:
        found = await send_back(
            tx, ref, body.declarations, codes=body.codes, note=body.note, caller=at.caller
        )
        return SummaryReturnOut.of(found)

    return await at.write(work, key=ref.key, status=201)
