"""Holds, loaded by identifier or because they have expired."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.hold import Hold
from services.ledger.posting.store.head import hold_of


async def load(tx: AsyncConnection, id: UUID) -> Hold | None:
    """Load a hold, or None."""
    rows = await tx.execute(
        text("""
            SELECT id, source, event_id, fund, account, amount_fen, remaining_fen, summary,
                   expires_on
              FROM hold
             WHERE slot = :slot AND id = :id
        """),
        {"slot": CENTRE_SLOT, "id": id},
    )
    row = rows.mappings().first()
    return hold_of(row) if row else None


async def expired(tx: AsyncConnection, today: date, limit: int) -> list[UUID]:
    """List holds whose last day is over and that still keep money."""
    rows = await tx.execute(
        text("""
            SELECT id
              FROM hold
             WHERE slot = :slot AND remaining_fen > 0 AND expires_on < :today
             ORDER BY id
             LIMIT :limit
        """),
        {"slot": CENTRE_SLOT, "today": today, "limit": limit},
    )
    return [UUID(int=row.id.int) for row in rows]
