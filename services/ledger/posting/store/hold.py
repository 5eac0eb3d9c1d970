"""Holds, loaded by identifier or because they have expired."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.hold import Hold, OpenHold
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


async def pending(tx: AsyncConnection, day: date) -> list[OpenHold]:
    """List holds made by the end of a day that still keep money, as many as a refusal names."""
    rows = await tx.execute(
        text("""
            SELECT id, fund, remaining_fen, summary,
                   CAST(recorded_at AT TIME ZONE 'Asia/Shanghai' AS date) AS made_on
              FROM hold
             WHERE slot = :slot AND remaining_fen > 0
               AND CAST(recorded_at AT TIME ZONE 'Asia/Shanghai' AS date) <= :day
             ORDER BY id
             LIMIT 1000
        """),
        {"slot": CENTRE_SLOT, "day": day},
    )
    return [OpenHold(**dict(row._mapping) | {"id": UUID(int=row.id.int)}) for row in rows]


async def held(tx: AsyncConnection, account: str) -> dict[str, int]:
    """Sum what holds keep of an account now: fund → fen."""
    rows = await tx.execute(
        text("""
            SELECT fund, CAST(sum(remaining_fen) AS bigint) AS held_fen
              FROM hold
             WHERE slot = :slot AND remaining_fen > 0 AND account = :account
             GROUP BY fund
             ORDER BY fund
             LIMIT 100
        """),
        {"slot": CENTRE_SLOT, "account": account},
    )
    return {row.fund: row.held_fen for row in rows}
