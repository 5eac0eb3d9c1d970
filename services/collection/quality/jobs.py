"""The background job that reports on a period's data quality."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.operation.jobs.tools import Progress, Tools
from services.collection.operation.store import OperationRow
from services.collection.quality.flows import report as report_flow
from services.collection.quality.flows.quality import assembled
from services.collection.quality.schemas.report import QualityReportResultOut

KIND: Final = report_flow.KIND

Work = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


async def prepare(tools: Tools, row: OperationRow, progress: Progress) -> Work:
    """Run every check in its own transaction; the returned work stores the rows."""
    gathered = await report_flow.gather(row, tools.db.run, progress.more)
    each, whole = assembled(
        gathered.checks, gathered.of, gathered.found, row.asked["district"], gathered.reached
    )
    result = QualityReportResultOut.of(row.asked["period"], each, whole, len(gathered.rows))

    async def work(tx: AsyncConnection) -> dict[str, Any]:
        await report_flow.keep(tx, row, gathered.rows)
        return result.model_dump(mode="json")

    return work
