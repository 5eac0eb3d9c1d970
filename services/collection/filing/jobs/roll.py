"""Carry a district's declarations on into a month in which nothing changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.filing.flows import roll as roll_flow
from services.collection.operation.jobs.tools import Progress, Tools
from services.collection.operation.store import OperationRow
from shared.security.field_cipher import FieldCipher

KIND: Final = roll_flow.KIND

Work = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


async def prepare(tools: Tools, row: OperationRow, progress: Progress) -> Work:
    """Return the work; nothing is read beforehand."""
    cipher = FieldCipher(tools.identity.field_keys, "identity_number")
    return partial(roll_flow.take, row=row, cipher=cipher)
