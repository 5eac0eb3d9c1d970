"""Listing double payments."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.domain.double import DoublePayment
from services.payout.payments.store import double as double_store


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    after: tuple[UUID, int] | None,
    limit: int,
) -> list[DoublePayment]:
    """Read the lines that pay a second time; `filters` are columns and the values they must have."""
    return await double_store.page(tx, filters=filters, after=after, limit=limit)
