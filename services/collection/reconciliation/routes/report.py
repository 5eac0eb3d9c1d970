"""Doors of receipt verification (到账复核) and of the monthly score (月考核)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.flows import score as score_flow
from services.collection.reconciliation.flows import verification as verification_flow
from services.collection.reconciliation.schemas.report import (
    DistrictScoresOut,
    ScoreRowOut,
    UnverifiedReceiptOut,
    VerificationReportOut,
)
from services.collection.reconciliation.store.score import ScoreMeasure
from shared.cursor import LIMIT_DEFAULT
from shared.door import Door, door
from shared.page import Cursor, Limit, Page, page_by_id
from shared.period import PERIOD_PATTERN, Period
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
PeriodQuery = Annotated[str, Query(pattern=PERIOD_PATTERN, examples=["2021-07"])]


@router.get(
    "/v1/receipt-verification",
    operation_id="get_receipt_verification",
    summary="到账复核 · Verify the receipts of a month",
)
async def get_receipt_verification(
    at: Reading, period: PeriodQuery, district: Code | None = None
) -> VerificationReportOut:
    """Count the receipts paid in a month: they agree with the statement, or each is listed.

    District staff see their own district.
    """
    scope = at.caller.scope(district)

    async def work(tx: AsyncConnection) -> VerificationReportOut:
        each = await verification_flow.verification(
            tx, Period.parse(period), scope, region=at.region
        )
        return VerificationReportOut.of(period, each)

    return await at.read(work)


@router.get(
    "/v1/receipt-verification/receipts",
    operation_id="list_unverified_receipts",
    summary="到账复核差异 · List the receipts that are not verified",
)
async def list_unverified_receipts(
    at: Reading,
    account: Annotated[Code, Query(examples=["treasury_deposit"])],
    period: PeriodQuery,
    district: Code | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[UnverifiedReceiptOut]:
    """List the receipts of a month that are listed as items or wait for a statement."""
    scope = at.caller.scope(district)
    filters = {"of": "unverified", "account": account, "period": period, "in": scope}
    read = partial(
        verification_flow.unverified,
        account=account,
        period=Period.parse(period),
        district=scope,
        region=at.region,
    )
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    items = [UnverifiedReceiptOut.of(account, row) for row in rows]
    return Page[UnverifiedReceiptOut].of(items, following)


@router.get(
    "/v1/district-scores",
    operation_id="get_district_scores",
    summary="月考核 · Get the scores of a month",
)
async def get_district_scores(
    at: Reading, period: PeriodQuery, district: Code | None = None
) -> DistrictScoresOut:
    """Get arrival, accuracy and timeliness by district. District staff see their own district."""
    scope = at.caller.scope(district)

    async def work(tx: AsyncConnection) -> DistrictScoresOut:
        return DistrictScoresOut.of(
            period, await score_flow.scores(tx, Period.parse(period), scope)
        )

    return await at.read(work)


@router.get(
    "/v1/district-scores/rows",
    operation_id="list_score_rows",
    summary="月考核明细 · List the papers behind a score",
)
async def list_score_rows(
    at: Reading,
    measure: ScoreMeasure,
    period: PeriodQuery,
    district: Code | None = None,
    short: Annotated[
        bool, Query(description="只列未达者 (only the papers that lower the rate)")
    ] = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[ScoreRowOut]:
    """List bills (arrival), receipts (accuracy) or summaries (timeliness) with what each counts."""
    scope = at.caller.scope(district)
    filters = {
        "of": "score_rows",
        "measure": measure,
        "period": period,
        "in": scope,
        "short": short,
    }
    month = score_flow.month_of(Period.parse(period), scope)
    read = partial(score_flow.rows, measure=measure, month=month, short=short)
    rows, following = await page_by_id(at, read, filters=filters, limit=limit, cursor=cursor)
    return Page[ScoreRowOut].of([ScoreRowOut.of(row) for row in rows], following)
