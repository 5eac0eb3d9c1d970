"""Reading benefit kinds."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import store as benefits_store
from services.payout.benefits.domain import BenefitKind


async def kinds(tx: AsyncConnection) -> list[BenefitKind]:
    """Read every dated row."""
    return await benefits_store.kinds(tx)
