"""When places in the chains were reached: what was known then was known at that instant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.voucher import CENTRE_SLOT


async def closed(tx: AsyncConnection, id: UUID) -> datetime | None:
    """When a closing or a reopening was done, or None."""
    rows = await tx.execute(
        text("SELECT done_at FROM closing WHERE slot = :slot AND id = :id"),
        {"slot": CENTRE_SLOT, "id": id},
    )
    found: datetime | None = rows.scalar_one_or_none()
    return found


async def recorded(tx: AsyncConnection, places: Mapping[int, int]) -> datetime | None:
    """When the last of the vouchers at these places (slot → sequence number) was recorded."""
    rows = await tx.execute(
        text("""
            SELECT MAX(v.recorded_at)
              FROM unnest(CAST(:slots AS integer[]), CAST(:seqs AS bigint[])) AS k (slot, seq)
              JOIN voucher AS v ON v.slot = k.slot AND v.seq = k.seq
        """),
        {"slots": sorted(places), "seqs": [places[slot] for slot in sorted(places)]},
    )
    found: datetime | None = rows.scalar_one_or_none()
    return found
