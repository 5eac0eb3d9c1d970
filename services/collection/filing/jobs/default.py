"""Levy by default the units of a district that declared nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.flows import default as default_flow
from services.collection.operation.jobs.tools import Progress, Tools
from services.collection.operation.store import OperationRow

KIND: Final = default_flow.KIND

Work = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


async def prepare(tools: Tools, row: OperationRow, progress: Progress) -> Work:
    """Return the work; nothing is read beforehand."""
    return partial(default_flow.take, row=row)
