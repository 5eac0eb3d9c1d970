"""Benefit kinds in the database."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BenefitKind


async def kinds(tx: AsyncConnection) -> list[BenefitKind]:
    """Read every row, by kind and first day."""
    rows = await tx.execute(
        text("""
            SELECT kind, name, fund, account, in_force_from, in_force_to, source
              FROM benefit_kind
             ORDER BY kind, in_force_from
             LIMIT 1000
        """)
    )
    return [BenefitKind(**row._mapping) for row in rows]
