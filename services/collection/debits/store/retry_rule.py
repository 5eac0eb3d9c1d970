"""SQL of the rules of retries (再扣规则). Only the database's function writes them."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.retry import RetryRule


async def retry_rules(tx: AsyncConnection) -> list[RetryRule]:
    """Read the rules by class and day. Each is in force on its own days."""
    rows = await tx.execute(
        text("""
            SELECT reason_class, retries, after_workdays, in_force_from, in_force_to, reason, set_by
              FROM retry_rule
             ORDER BY reason_class, in_force_from
             LIMIT 1000
        """)
    )
    return [RetryRule(**row._mapping) for row in rows]
