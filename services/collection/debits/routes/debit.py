"""Doors of debit batches: the cashier makes them, the bank gateway fetches and answers them.

A batch runs over the whole city, so only the centre and the bank gateway have access.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response

from services.collection.common.routes.account import account_cipher
from services.collection.debits.flows import debit as debit_flow
from services.collection.debits.schemas.debit import (
    DebitBatchCreatedOut,
    DebitBatchIn,
    DebitBatchOut,
    DebitExclusionOut,
    DebitLineOut,
    DebitResultsIn,
    DebitResultsOut,
)
from services.collection.register.routes.page import read_key
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.guard.entrance import BULK_BYTES
from shared.ids import key_of
from shared.page import Cursor, Limit, Page, RefPath, page_by_id
from shared.period import PERIOD_PATTERN
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION, Right.FETCH_DEBIT_BATCH)]


@router.post(
    "/v1/debit-batches",
    operation_id="create_debit_batch",
    summary="生成扣款批次 · Create a debit batch",
    status_code=201,
    response_model=DebitBatchCreatedOut,
)
async def create_debit_batch(
    body: DebitBatchIn, at: Annotated[Door, door(Right.CREATE_DEBIT_BATCH, money=True)]
) -> Response:
    """Create a batch of all open bills of a period that a bank may debit under agreements.

    A bill that is already in a batch without a final result is left out. Others that are left out
    are listed with the reason.
    """
    period = str(body.period)
    return await at.write(
        lambda tx: debit_flow.create_batch(
            tx,
            period=period,
            debit_date=body.debit_date,
            region=at.region,
            bank=body.bank,
            caller=at.caller,
        ),
        shape=DebitBatchCreatedOut.created,
        key=key_of("debit_period", period),
        status=201,
    )


@router.get(
    "/v1/debit-batches",
    operation_id="list_debit_batches",
    summary="扣款批次列表 · List debit batches",
)
async def list_debit_batches(
    at: Reading,
    status: Literal["created", "closed"] | None = None,
    period: Annotated[str | None, Query(pattern=PERIOD_PATTERN)] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[DebitBatchOut]:
    """List debit batches in the order in which they were made."""
    filters = {"of": "debit_batches", "status": status, "period": period}
    read = partial(debit_flow.page, status=status, period=period, caller=at.caller)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[DebitBatchOut].of([DebitBatchOut.of(row) for row in rows], following)


@router.get(
    "/v1/debit-batches/{batch}",
    operation_id="get_debit_batch",
    summary="扣款批次 · Get a debit batch",
)
async def get_debit_batch(batch: RefPath, at: Reading) -> DebitBatchOut:
    """Get a debit batch with its control totals and results so far."""
    return DebitBatchOut.of(await at.read(lambda tx: debit_flow.find(tx, batch, at.caller)))


@router.get(
    "/v1/debit-batches/{batch}/lines",
    operation_id="list_debit_lines",
    summary="扣款明细 · List the lines of a debit batch",
)
async def list_debit_lines(
    batch: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[DebitLineOut]:
    """List lines by number. Only the bank gateway sees whole account numbers."""
    filters = {"of": "debit_lines", "batch": batch}
    after = read_cursor(cursor, filters, (int,))[0] if cursor else None
    found = await at.read(
        lambda tx: debit_flow.line_page(
            tx, batch, at.caller, accounts=account_cipher(at), after=after, limit=limit + 1
        )
    )
    rows, following = cut(found, limit, lambda row: [row.line_no], filters)
    return Page[DebitLineOut].of([DebitLineOut.of(row) for row in rows], following)


@router.get(
    "/v1/debit-batches/{batch}/exclusions",
    operation_id="list_debit_exclusions",
    summary="未列入明细 · List the bills left out of a debit batch",
)
async def list_debit_exclusions(
    batch: RefPath, at: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[DebitExclusionOut]:
    """List open bills that are not in the batch: no live agreement, above its limit, or no retry yet."""
    filters = {"of": "debit_exclusions", "batch": batch}
    after = read_key(cursor, filters)
    found = await at.read(
        lambda tx: debit_flow.exclusion_page(tx, batch, at.caller, after=after, limit=limit + 1)
    )
    rows, following = cut(found, limit, lambda row: [row.unit_id, str(row.bill_id)], filters)
    return Page[DebitExclusionOut].of([DebitExclusionOut.of(row) for row in rows], following)


@router.post(
    "/v1/debit-results",
    max_body_size=BULK_BYTES,
    operation_id="report_debit_results",
    summary="扣款回执 · Report the bank's results",
    response_model=DebitResultsOut,
)
async def report_debit_results(
    body: DebitResultsIn, at: Annotated[Door, door(Right.REPORT_DEBIT_RESULT, money=True)]
) -> Response:
    """Take the bank's results of one batch, in any order and with repeats.

    A final result does not change. A result that contradicts it is rejected by itself and written to the
    trail. After `unknown` the line keeps waiting.
    """
    return await at.write(
        lambda tx: debit_flow.report_results(
            tx,
            body.batch,
            [result.result() for result in body.results],
            bank=body.bank,
            region=at.region,
            caller=at.caller,
        ),
        shape=DebitResultsOut.of,
        key=key_of("debit_results", body.batch),
    )
