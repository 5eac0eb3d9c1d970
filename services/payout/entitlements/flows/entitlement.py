"""Listing entitlements and suspensions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.entitlement import Entitlement
from services.payout.entitlements.domain.suspension import Suspension
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.entitlements.store import suspension as suspension_store


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[Entitlement]:
    """Read entitlements in order of registration; `filters` are columns and their values."""
    return await entitlement_store.page(tx, filters=filters, after=after, limit=limit)


async def suspensions(
    tx: AsyncConnection, *, filters: dict[str, Any], after: UUID | None, limit: int
) -> list[Suspension]:
    """Read suspensions in order of approval; `filters` are columns and their values."""
    return await suspension_store.page(tx, filters=filters, after=after, limit=limit)
