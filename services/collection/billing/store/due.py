"""SQL of accounts to look at again: units where something else than new money may change what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def mark_due(tx: AsyncConnection, unit_ids: Sequence[int], *, cause: str, on: date) -> None:
    """Let the accounts of units be looked at by the worker."""
    if not unit_ids:
        return
    await tx.execute(
        text("""
            INSERT INTO reallocation_due (unit_id, cause, on_day)
            SELECT unit_id, CAST(:cause AS text), CAST(:on_day AS date)
              FROM unnest(CAST(:unit_ids AS bigint[])) AS batch (unit_id)
            ON CONFLICT (unit_id, cause)
            DO UPDATE SET on_day = greatest(reallocation_due.on_day, excluded.on_day)
        """),
        {"unit_ids": sorted(set(unit_ids)), "cause": cause, "on_day": on},
    )


async def with_money_in_suspense(tx: AsyncConnection, unit_ids: Sequence[int]) -> list[int]:
    """Find the units among these with money in suspense, which may wait for their bills."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT paid.unit_id
              FROM (SELECT unit_id, receipt_key, receipt_id
                      FROM payment
                     WHERE unit_id = ANY(CAST(:unit_ids AS bigint[]))
                       AND taken_fen < amount_fen) AS paid
              JOIN suspense ON suspense.receipt_key = paid.receipt_key
                           AND suspense.receipt_id = paid.receipt_id
                           AND suspense.matched_fen < suspense.amount_fen
        """),
        {"unit_ids": list(unit_ids)},
    )
    return [row.unit_id for row in rows]


async def with_credits(tx: AsyncConnection, unit_ids: Sequence[int]) -> list[int]:
    """Find the units among these with credits that no bill has used up."""
    if not unit_ids:
        return []
    rows = await tx.execute(
        text("""
            SELECT DISTINCT unit_id
              FROM credit
             WHERE unit_id = ANY(CAST(:unit_ids AS bigint[])) AND used_fen < amount_fen
        """),
        {"unit_ids": list(unit_ids)},
    )
    return [row.unit_id for row in rows]


async def clear_due(tx: AsyncConnection, unit_id: int) -> None:
    """Forget that a unit's account may have changed: it has just been looked at."""
    await tx.execute(
        text("DELETE FROM reallocation_due WHERE unit_id = :unit_id"), {"unit_id": unit_id}
    )


@dataclass(frozen=True, slots=True)
class DueUnit:
    """A unit whose account may have changed, why, and the day on which the books take it."""

    unit_id: int
    cause: str
    on_day: date


async def due(tx: AsyncConnection, limit: int) -> list[DueUnit]:
    """List units whose account may have changed, longest waiting first."""
    rows = await tx.execute(
        text("""
            SELECT unit_id, min(cause) AS cause, max(on_day) AS on_day
              FROM reallocation_due
             GROUP BY unit_id
             ORDER BY min(due_at)
             LIMIT :limit
        """),
        {"limit": limit},
    )
    return [DueUnit(**row._mapping) for row in rows]
