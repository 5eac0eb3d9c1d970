"""Vouchers in the books."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.reversal import Remaining, is_taken_back, remaining
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.store.known import draft_of_rows


@dataclass(frozen=True, slots=True)
class Reversal:
    """A red-letter voucher and its lines, with negative amounts."""

    seq: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherRecord:
    """A voucher with its place in the chain and its reversals."""

    draft: Draft
    seq: int
    hash: bytes
    recorded_at: datetime
    reversals: tuple[Reversal, ...] = ()

    @property
    def left(self) -> Remaining:
        """Compute what is not reversed."""
        red = (line for one in self.reversals for line in one.lines)
        return remaining([*self.draft.lines, *red])

    @property
    def reversed_by(self) -> int | None:
        """Find the reversal that completed the reversing; None while something remains."""
        return self.reversals[-1].seq if self.reversals and is_taken_back(self.left) else None


async def load(tx: AsyncConnection, slot: int, seq: int) -> VoucherRecord | None:
    """Load a voucher, or None."""
    rows = await tx.execute(
        text("""
            SELECT source, event_id, owner, kind, book_date, period, value_date, summary,
                   CAST(refs AS text) AS refs, hold, reverses_seq, hash, recorded_at
              FROM voucher
             WHERE slot = :slot AND seq = :seq
        """),
        {"slot": slot, "seq": seq},
    )
    row = rows.mappings().first()
    if row is None:
        return None
    return VoucherRecord(
        draft=draft_of_rows(slot, row, await _lines(tx, slot, seq)),
        seq=seq,
        hash=bytes(row["hash"]),
        recorded_at=row["recorded_at"],
        reversals=await _reversals(tx, slot, seq),
    )


async def _reversals(tx: AsyncConnection, slot: int, seq: int) -> tuple[Reversal, ...]:
    rows = await tx.execute(
        text("""
            SELECT v.seq, e.book, e.fund, e.account, e.district,
                   e.debit_fen, e.credit_fen
              FROM voucher AS v
              JOIN entry AS e ON e.slot = v.slot AND e.seq = v.seq
             WHERE v.slot = :slot AND v.reverses_seq = :seq
             ORDER BY v.seq, e.line
             LIMIT 100000
        """),
        {"slot": slot, "seq": seq},
    )
    found: dict[int, Reversal] = {}
    for number, *line in rows:
        one = found.get(number, Reversal(number, ()))
        found[number] = replace(one, lines=(*one.lines, Line(*line)))
    return tuple(found.values())


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
    """Find (slot, seq) of the vouchers of an event; an event is unique in its slot."""
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
