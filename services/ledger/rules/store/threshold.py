"""Thresholds of warnings: dated rows, added and never changed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.rules.domain.threshold import Comparison, Measure, Severity, Threshold

_LIMIT = 10_000


async def load(tx: AsyncConnection) -> list[Threshold]:
    """Load every row, in the order of recording."""
    rows = await tx.execute(
        text("""
            SELECT id, measure, fund, severity, comparison, value, in_force_from, in_force_to,
                   source, certainty, recorded_by
              FROM warning_threshold
             ORDER BY recorded_at, id
             LIMIT :limit
        """),
        {"limit": _LIMIT},
    )
    return [
        Threshold(
            id=UUID(int=row.id.int),
            measure=Measure(row.measure),
            fund=row.fund,
            severity=Severity(row.severity),
            comparison=Comparison(row.comparison),
            value=row.value,
            in_force_from=row.in_force_from,
            in_force_to=row.in_force_to,
            source=row.source,
            certainty=row.certainty,
            recorded_by=row.recorded_by,
        )
        for row in rows
    ]
