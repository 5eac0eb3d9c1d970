"""Compare a period with the tax bureau."""

from __future__ import annotations

from functools import partial
from typing import Final

from services.collection.operation.jobs.run import Work
from services.collection.operation.jobs.tools import Progress, Tools
from services.collection.operation.store import OperationRow
from services.collection.tax.flows import item as item_flow

KIND: Final = item_flow.KIND


async def prepare(tools: Tools, row: OperationRow, progress: Progress) -> Work:
    """Return the work that compares the period."""
    return partial(item_flow.compare, period=row.asked["period"])
