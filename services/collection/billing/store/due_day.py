"""SQL of provisional due days: of bills that are due in a year whose workdays nobody had entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FIRST_UNIT: Final = -(2**63)
"""No unit comes before it."""


@dataclass(frozen=True, slots=True)
class ProvisionalBill:
    """A bill whose due day is provisional."""

    unit_id: int
    id: UUID
    due_on: date


async def periods(tx: AsyncConnection) -> Sequence[tuple[UUID, str]]:
    """List the policies and periods of bills with a provisional due day."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT policy_id, period
              FROM bill
             WHERE due_estimated
             ORDER BY period, policy_id
             LIMIT 1000
        """)
    )
    return [(row.policy_id, row.period) for row in rows]


async def bills(
    tx: AsyncConnection, policy_id: UUID, period: str, after: ProvisionalBill | None, limit: int
) -> Sequence[ProvisionalBill]:
    """List the next bills of a policy and period with a provisional due day, after a bill."""
    rows = await tx.execute(
        text("""
            SELECT unit_id, id, due_on
              FROM bill
             WHERE due_estimated AND policy_id = :policy_id AND period = :period
               AND (unit_id, id) > (CAST(:unit_id AS bigint), CAST(:id AS uuid))
             ORDER BY unit_id, id
             LIMIT :limit
        """),
        {
            "policy_id": policy_id,
            "period": period,
            "unit_id": after.unit_id if after else _FIRST_UNIT,
            "id": after.id if after else UUID(int=0),
            "limit": limit,
        },
    )
    return [ProvisionalBill(**row._mapping) for row in rows]


async def settle(tx: AsyncConnection, bill: ProvisionalBill, due_on: date) -> bool | None:
    """Write a bill's due day, once; tell whether something of the bill is paid already.

    None when somebody else has settled it.
    """
    is_paid: bool | None = await tx.scalar(
        text("""
            UPDATE bill
               SET due_on = :due_on, due_estimated = false
             WHERE unit_id = :unit_id AND id = :id AND due_estimated
            RETURNING settled_fen > 0
        """),
        {"due_on": due_on, "unit_id": bill.unit_id, "id": bill.id},
    )
    return is_paid
