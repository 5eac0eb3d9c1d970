"""Doors of debit batches: the cashier makes them, the bank gateway fetches and answers them.

They run over the whole city, so district people have no business here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.receipts import store as receipts_store
from services.collection.receipts.flows import debit as debit_flow
from services.collection.receipts.routes.receipt import NIL
from services.collection.receipts.schemas.debit import (
    DebitBatchCreatedOut,
    DebitBatchIn,
    DebitBatchOut,
    DebitBatchPageOut,
    DebitLineOut,
    DebitLinePageOut,
    DebitResultsIn,
    DebitResultsOut,
)
from services.collection.receipts.store import DebitBatch
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX, cut, read_cursor, read_uuid
from shared.door import Door, door
from shared.ids import key_of
from shared.period import PERIOD_PATTERN
from shared.roles import CENTRE, Right, Role

router = APIRouter(tags=["debits"])

BatchPath = Annotated[str, Path(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=500)]
Reading = Annotated[Door, door(Right.READ_COLLECTION, Right.FETCH_DEBIT_BATCH)]


@router.post(
    "/v1/debit-batches",
    operation_id="create_debit_batch",
    summary="生成扣款批次 · Make a debit batch",
    status_code=201,
    response_model=DebitBatchCreatedOut,
)
async def create_debit_batch(
    body: DebitBatchIn, at: Annotated[Door, door(Right.CREATE_DEBIT_BATCH, money=True)]
) -> Response:
    """Over every open bill of the period that its unit pays by debit and that is not under way."""

    async def work(tx: AsyncConnection) -> DebitBatchCreatedOut:
        batch, without_account = await debit_flow.create_batch(
            tx, period=str(body.period), debit_date=body.debit_date, caller=at.caller
        )
        return DebitBatchCreatedOut(**DebitBatchOut.members(batch), without_account=without_account)

    return await at.write(work, key=key_of("debit_period", str(body.period)), status=201)


@router.get(
    "/v1/debit-batches",
    operation_id="list_debit_batches",
    summary="扣款批次列表 · Debit batches",
)
async def list_debit_batches(
    at: Reading,
    status: Literal["created", "closed"] | None = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> DebitBatchPageOut:
    """In the order they were made."""
    at.caller.require_district(CENTRE)
    filters = {"of": "debit_batches", "status": status, "period": period}
    after = read_uuid(cursor, filters) or NIL

    async def work(tx: AsyncConnection) -> list[DebitBatch]:
        return await receipts_store.page(
            tx, status=status, period=period, after=after, limit=limit + 1
        )

    rows, following = cut(await at.read(work), limit, lambda row: [row.id.hex], filters)
    return DebitBatchPageOut(
        items=[DebitBatchOut.of(row) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.get(
    "/v1/debit-batches/{batch}",
    operation_id="get_debit_batch",
    summary="扣款批次 · One debit batch",
)
async def get_debit_batch(batch: BatchPath, at: Reading) -> DebitBatchOut:
    at.caller.require_district(CENTRE)

    async def work(tx: AsyncConnection) -> DebitBatch:
        return await debit_flow.load_batch(tx, batch)

    return DebitBatchOut.of(await at.read(work))


@router.get(
    "/v1/debit-batches/{batch}/lines",
    operation_id="list_debit_lines",
    summary="扣款明细 · Lines of a debit batch",
)
async def list_debit_lines(
    batch: BatchPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> DebitLinePageOut:
    """By line number. Account numbers are whole for the bank gateway only."""
    at.caller.require_district(CENTRE)
    filters = {"of": "debit_lines", "batch": batch}
    after = read_cursor(cursor, filters, (int,))[0] if cursor else 0

    async def work(tx: AsyncConnection) -> list[dict[str, Any]]:
        found = await debit_flow.load_batch(tx, batch)
        return await receipts_store.line_page(tx, found.id, after=after, limit=limit + 1)

    rows, following = cut(await at.read(work), limit, lambda row: [row["line_no"]], filters)
    whole = at.caller.role is Role.BANK_GATEWAY
    return DebitLinePageOut(
        items=[DebitLineOut.of(row, whole=whole) for row in rows],
        next_cursor=following,
        has_more=following is not None,
    )


@router.post(
    "/v1/debit-results",
    operation_id="report_debit_results",
    summary="扣款回执 · The bank's answers",
    response_model=DebitResultsOut,
)
async def report_debit_results(
    body: DebitResultsIn, at: Annotated[Door, door(Right.REPORT_DEBIT_RESULT, money=True)]
) -> Response:
    """Late, twice and in any order. A final outcome stands: what contradicts it is rejected by
    itself and written to the trail. `unknown` keeps the line waiting.
    """

    async def work(tx: AsyncConnection) -> DebitResultsOut:
        heard = await debit_flow.report_results(
            tx,
            body.batch,
            [result.report() for result in body.results],
            region=at.request.app.state.settings.region,
            caller=at.caller,
        )
        return DebitResultsOut.of(heard)

    return await at.write(work, key=key_of("debit_results", body.batch))
