"""Corrections of reference data: which accounts are in use, and the record of who changed what."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import uuid7


async def lock(tx: AsyncConnection) -> None:
    """Let no other correction in until the transaction ends. Needs an administrator's connection."""
    await tx.execute(text("LOCK TABLE chart_account IN SHARE ROW EXCLUSIVE MODE"))


async def used_accounts(tx: AsyncConnection) -> list[str]:
    """Accounts that have entries."""
    rows = await tx.execute(
        text("""
            SELECT key
              FROM (SELECT DISTINCT key FROM chart_account) AS chart
             WHERE EXISTS (SELECT FROM slot_head AS h
                             JOIN entry AS e ON e.slot = h.slot AND e.account = chart.key)
             ORDER BY key
             LIMIT 100000
        """)
    )
    return [row.key for row in rows]


async def record(
    tx: AsyncConnection,
    key: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    *,
    why: str,
    by: str,
) -> None:
    """Write down one correction of the chart. Needs an administrator's connection."""
    await tx.execute(
        text("""
            INSERT INTO rule_correction (id, table_name, row_key, before, after, why, corrected_by)
            VALUES (:id, 'chart_account', :key, CAST(:before AS jsonb), CAST(:after AS jsonb),
                    :why, :by)
        """),
        {
            "id": uuid7(),
            "key": key,
            "before": orjson.dumps(before).decode() if before is not None else None,
            "after": orjson.dumps(after).decode(),
            "why": why,
            "by": by,
        },
    )


async def of_account(tx: AsyncConnection, key: str) -> list[dict[str, Any]]:
    """Corrections of an account, oldest first."""
    rows = await tx.execute(
        text("""
            SELECT at, corrected_by, why, before, after
              FROM rule_correction
             WHERE table_name = 'chart_account' AND row_key = :key
             ORDER BY at, id
             LIMIT 1000
        """),
        {"key": key},
    )
    return [dict(row._mapping) for row in rows]
