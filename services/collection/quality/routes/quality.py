"""Doors of data quality: the checks, a period's report, the rows behind it, cross-footing."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.quality.flows import quality as quality_flow
from services.collection.quality.schemas.quality import (
    CheckOut,
    ChecksOut,
    CrossFootOut,
    CrossFootsIn,
    CrossFootsOut,
    DistrictQualityOut,
    QualityReportOut,
    QualityRowOut,
    QualityRowsOut,
)
from services.collection.quality.store.quality import FindingRow
from shared.cursor import LIMIT_DEFAULT, cut, read_cursor
from shared.door import Door, door
from shared.fund import CODE_PATTERN
from shared.guard.entrance import BULK_BYTES
from shared.page import Cursor, Limit
from shared.period import PERIOD_PATTERN, Period
from shared.roles import Right
from shared.schema import Code
from shared.web.door_router import DoorRouter

router = DoorRouter()
Reading = Annotated[Door, door(Right.READ_COLLECTION)]
PeriodQuery = Annotated[str, Query(pattern=PERIOD_PATTERN)]
DistrictQuery = Annotated[Code | None, Query()]


@router.get(
    "/v1/quality/checks", operation_id="list_quality_checks", summary="数据质量检查项 · List checks"
)
async def list_quality_checks(at: Reading) -> ChecksOut:
    """List the checks with their limits and sources."""
    found = await at.read(quality_flow.catalogue)
    return ChecksOut(items=[CheckOut.of(check) for check in found.checks])


@router.get(
    "/v1/quality/report",
    operation_id="get_quality_report",
    summary="数据质量报告 · Get the data quality of a period",
)
async def get_quality_report(
    at: Reading, period: PeriodQuery, district: DistrictQuery = None
) -> QualityReportOut:
    """Get rates and findings by district. District staff see their own district."""
    scope = at.caller.scope(district)

    async def work(tx: AsyncConnection) -> QualityReportOut:
        each, whole = await quality_flow.report(tx, Period.parse(period), scope)
        return QualityReportOut(
            period=period,
            whole=DistrictQualityOut.of(whole),
            districts=[DistrictQualityOut.of(one) for one in each],
        )

    return await at.read(work)


@router.get(
    "/v1/quality/checks/{check}/rows",
    operation_id="list_quality_rows",
    summary="数据质量明细 · List the rows of a finding",
)
async def list_quality_rows(
    check: Annotated[str, Path(pattern=CODE_PATTERN)],
    at: Reading,
    period: PeriodQuery,
    district: DistrictQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> QualityRowsOut:
    """List the rows that a check finds, masked."""
    found = (await at.read(quality_flow.catalogue)).check(check)
    scope = at.caller.scope(district)
    filters = {"of": "quality_rows", "check": check, "period": period, "in": scope}
    after = (-1, -1)
    if cursor is not None:
        unit_id, person_id = read_cursor(cursor, filters, (int, int))
        after = (unit_id, person_id)

    async def work(tx: AsyncConnection) -> list[FindingRow]:
        return await quality_flow.page(tx, found, Period.parse(period), scope, after, limit + 1)

    rows, following = cut(
        await at.read(work), limit, lambda row: [row.unit_id, row.person_id], filters
    )
    return QualityRowsOut.of_check(found, [QualityRowOut.of(row) for row in rows], following)


@router.post(
    "/v1/cross-foots",
    max_body_size=BULK_BYTES,
    operation_id="cross_foot_reports",
    summary="表内勾稽 · Cross-foot reports",
)
async def cross_foot_reports(body: CrossFootsIn, _: Reading) -> CrossFootsOut:
    """Compare each report's stated total with the sum of its lines. Nothing is stored."""
    reports = (
        (report.id, report.stated_total, [line.amount for line in report.lines])
        for report in body.reports
    )
    items = [CrossFootOut.of(*found) for found in quality_flow.cross_footed(reports)]
    return CrossFootsOut(ok=all(item.ok for item in items), items=items)
