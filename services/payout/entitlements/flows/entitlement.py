"""Listing entitlements."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.entitlement import Entitlement
from services.payout.entitlements.store import entitlement as entitlement_store


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[Entitlement]:
    """Read entitlements in order of registration; `filters` are columns and their values."""
    return await entitlement_store.page(tx, filters=filters, after=after, limit=limit)
