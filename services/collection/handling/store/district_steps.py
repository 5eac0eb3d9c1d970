"""SQL of one step on all of a district's declarations of a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.process import tracing


@dataclass(frozen=True, slots=True)
class MovedDeclarations:
    """Declarations moved: (unit, declaration, round) of each, their people and amount in fen."""

    papers: Sequence[tuple[int, UUID, int]]
    people: int
    total_fen: int


async def move_all(
    tx: AsyncConnection, district: str, period: str, *, was: str, to: str
) -> MovedDeclarations:
    """Move every declaration of a district and period that has status `was` and no summary."""
    rows = (
        await tx.execute(
            text("""
                UPDATE declaration
                   SET status = :to, stands_since = now(),
                       traceparent = coalesce(traceparent, :traceparent)
                 WHERE district = :district AND period = :period AND status = :was
                   AND summary_id IS NULL
                RETURNING unit_id, id, round, people, total_fen
            """),
            {
                "district": district,
                "period": period,
                "was": was,
                "to": to,
                "traceparent": tracing.current(),
            },
        )
    ).all()
    return MovedDeclarations(
        papers=[(row.unit_id, row.id, row.round) for row in rows],
        people=sum(row.people for row in rows),
        total_fen=sum(row.total_fen for row in rows),
    )
