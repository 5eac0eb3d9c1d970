"""Benefit kinds: the dated map to fund and account."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BenefitKind


async def kinds(tx: AsyncConnection) -> list[BenefitKind]:
    """Every row, by kind and day."""
    rows = await tx.execute(
        text("""
            SELECT kind, name, fund, account, in_force_from, in_force_to, source
              FROM benefit_kind
             ORDER BY kind, in_force_from
             LIMIT 1000
        """)
    )
    return [BenefitKind(**row._mapping) for row in rows]
