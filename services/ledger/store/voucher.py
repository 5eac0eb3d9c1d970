"""Vouchers as they stand in the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.voucher import Draft
from services.ledger.store.known import draft_of_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A voucher with its place in the chain and, when it was reversed, by which."""

    draft: Draft
    seq: int
    hash: bytes
    recorded_at: datetime
    reversed_by: int | None


async def load(tx: AsyncConnection, slot: int, seq: int) -> Stored | None:
    """One voucher, or None."""
    rows = await tx.execute(
        text("""
            SELECT v.source, v.event_id, v.owner, v.kind, v.book_date, v.period, v.value_date,
                   v.summary, CAST(v.refs AS text) AS refs, v.hold, v.reverses_seq, v.hash,
                   v.recorded_at, r.seq AS reversed_by
              FROM voucher AS v
              LEFT JOIN voucher AS r ON r.slot = :slot AND r.reverses_seq = v.seq
             WHERE v.slot = :slot AND v.seq = :seq
        """),
        {"slot": slot, "seq": seq},
    )
    row = rows.mappings().first()
    if row is None:
        return None
    return Stored(
        draft=draft_of_rows(slot, row, await _lines(tx, slot, seq)),
        seq=seq,
        hash=bytes(row["hash"]),
        recorded_at=row["recorded_at"],
        reversed_by=row["reversed_by"],
    )


async def _lines(tx: AsyncConnection, slot: int, seq: int) -> list[Any]:
    rows = await tx.execute(
        text("""
            SELECT book, fund, account, district, debit_fen, credit_fen
              FROM entry
             WHERE slot = :slot AND seq = :seq
             ORDER BY line
        """),
        {"slot": slot, "seq": seq},
    )
    return list(rows)


async def find(tx: AsyncConnection, source: str, event_id: str) -> list[tuple[int, int]]:
    """(slot, seq) of the vouchers of an event; an event is unique per slot."""
    rows = await tx.execute(
        text("""
            SELECT v.slot, v.seq
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT slot, seq
                     FROM voucher
                    WHERE slot = h.slot AND source = :source AND event_id = :event_id
                    LIMIT 1) AS v
             ORDER BY v.slot
             LIMIT 1024
        """),
        {"source": source, "event_id": event_id},
    )
    return [(row.slot, row.seq) for row in rows]
