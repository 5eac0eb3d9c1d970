"""The past of the books: the places in the chains at a closing or at a day's end, and when they
were reached. Readers below the closings look back through here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT


class ClosingMark(NamedTuple):
    """The places in the chains (slot → sequence number) when a closing was done, and that moment."""

    places: Mapping[int, int]
    done_at: datetime


async def closing_mark(tx: AsyncConnection, id: UUID) -> ClosingMark | None:
    """Load the mark of a closing or a reopening; None when there is none, or it is not done."""
    rows = await tx.execute(
        text("""
            SELECT CAST(heads AS text) AS heads, done_at
              FROM closing
             WHERE slot = :slot AND id = :id AND status = 'done'
        """),
        {"slot": CENTRE_SLOT, "id": id},
    )
    row = rows.first()
    if row is None or row.heads is None or row.done_at is None:
        return None
    places = {int(slot): head[0] for slot, head in orjson.loads(row.heads).items()}
    return ClosingMark(places, row.done_at)


async def anchored(tx: AsyncConnection, day: date) -> dict[int, int]:
    """Load slot → last sequence number at the end of a day, for the slots anchored that day."""
    rows = await tx.execute(
        text("SELECT slot, seq FROM chain_anchor WHERE day = :day ORDER BY slot LIMIT 1024"),
        {"day": day},
    )
    return {row.slot: row.seq for row in rows}


async def first_anchored(tx: AsyncConnection) -> dict[int, date]:
    """Load slot → the first day that it has an anchor of."""
    rows = await tx.execute(
        text("SELECT slot, MIN(day) AS day FROM chain_anchor GROUP BY slot LIMIT 1024")
    )
    return {row.slot: row.day for row in rows}


async def recorded(tx: AsyncConnection, places: Mapping[int, int]) -> datetime | None:
    """Load when the last of the vouchers at these places (slot → sequence number) was recorded."""
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


async def carry_over_seqs(tx: AsyncConnection) -> list[int]:
    """Load the sequence numbers, in the centre's slot, of all carry-overs and their reversals."""
    rows = await tx.execute(
        text("""
            SELECT CAST(one ->> 'seq' AS bigint) AS seq
              FROM closing, jsonb_array_elements(carried) AS one
             WHERE slot = :slot AND status = 'done' AND jsonb_array_length(carried) > 0
             LIMIT 100000
        """),
        {"slot": CENTRE_SLOT},
    )
    return [row.seq for row in rows]
