"""SQL of provisional due days: of bills that are due in a year whose workdays nobody had entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class ProvisionalBill:
    """A bill whose due day is provisional."""

    unit_id: int
    id: UUID
    issued_on: date
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
    tx: AsyncConnection, policy_id: UUID, period: str, limit: int
) -> Sequence[ProvisionalBill]:
    """List some bills of a policy and period with a provisional due day."""
    rows = await tx.execute(
        text("""
            SELECT unit_id, id, issued_on, due_on
              FROM bill
             WHERE due_estimated AND policy_id = :policy_id AND period = :period
             ORDER BY unit_id, id
             LIMIT :limit
        """),
        {"policy_id": policy_id, "period": period, "limit": limit},
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
