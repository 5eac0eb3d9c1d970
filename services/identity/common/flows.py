"""Reading identity events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.common.store import Event


async def page(
    tx: AsyncConnection,
    *,
    principal: str | None,
    kind: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Event]:
    """Read events, newest first."""
    return await common_store.page(tx, principal=principal, kind=kind, after=after, limit=limit)
