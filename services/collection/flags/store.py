"""SQL of flags and of the rules of inspections. Only the database's functions write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.flags.domain import CreditFlag, InspectionRule, RuleTopic


def _rule(**columns: Any) -> InspectionRule:
    return InspectionRule(**columns | {"topic": RuleTopic(columns["topic"])})


async def rules(tx: AsyncConnection) -> list[InspectionRule]:
    """Read the rules by topic, code and day."""
    rows = await tx.execute(
        text("""
            SELECT topic, code, value, basis, in_force_from, in_force_to, reason, set_by
              FROM inspection_rule
             ORDER BY topic, code, in_force_from
             LIMIT 1000
        """)
    )
    return [_rule(**row._mapping) for row in rows]


async def flags(tx: AsyncConnection, key: int, target: str) -> Sequence[CreditFlag]:
    """Read the flags of a unit or a person, oldest first."""
    rows = await tx.execute(
        text("""
            SELECT shard_key, id, target, basis, document, since, until, inspection, set_by,
                   lifted_on, lifted_by
              FROM credit_flag
             WHERE shard_key = :key AND target = :target
             ORDER BY id
             LIMIT 1000
        """),
        {"key": key, "target": target},
    )
    return [CreditFlag(**row._mapping) for row in rows]
