"""Anchors: each slot's head at the end of each day, written once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FILL_DAYS = 31
"""Days back that are filled in where no ledger ran when they ended: the head was the same."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Head of a slot's chain at the end of a day."""

    slot: int
    day: date
    seq: int
    hash: bytes
    recorded_at: datetime


async def write(tx: AsyncConnection, slot: int, day: date) -> None:
    """Anchor a slot's present head for a day that has ended, and for days left out before it.

    Days that have their anchor keep it. A new slot begins with this day.
    """
    await tx.execute(
        text("""
            INSERT INTO chain_anchor (slot, day, seq, hash)
            SELECT head.slot, CAST(day AS date), head.seq, head.hash
              FROM slot_head AS head
             CROSS JOIN generate_series(
                   GREATEST(CAST(:day AS date) - CAST(:fill AS integer),
                            COALESCE((SELECT MAX(day) + 1 FROM chain_anchor WHERE slot = :slot),
                                     CAST(:day AS date))),
                   CAST(:day AS date), interval '1 day') AS day
             WHERE head.slot = :slot
                ON CONFLICT (slot, day) DO NOTHING
        """),
        {"slot": slot, "day": day, "fill": FILL_DAYS},
    )


async def of_day(tx: AsyncConnection, day: date) -> list[Anchor]:
    """List every slot's anchor of a day."""
    rows = await tx.execute(
        text("""
            SELECT slot, day, seq, hash, recorded_at
              FROM chain_anchor
             WHERE day = :day
             ORDER BY slot
             LIMIT 1024
        """),
        {"day": day},
    )
    return [Anchor(row.slot, row.day, row.seq, bytes(row.hash), row.recorded_at) for row in rows]


async def of_slot(tx: AsyncConnection, slot: int) -> list[Anchor]:
    """List a slot's anchors."""
    rows = await tx.execute(
        text("""
            SELECT slot, day, seq, hash, recorded_at
              FROM chain_anchor
             WHERE slot = :slot
             ORDER BY day
             LIMIT 100000
        """),
        {"slot": slot},
    )
    return [Anchor(row.slot, row.day, row.seq, bytes(row.hash), row.recorded_at) for row in rows]
