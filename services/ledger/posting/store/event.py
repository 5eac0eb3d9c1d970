"""The feed: vouchers of every slot after a place in each chain, without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.store.known import draft_of_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A voucher with its place in the chain of its slot."""

    slot: int
    seq: int
    draft: Draft
    hash: bytes
    recorded_at: datetime


async def page(tx: AsyncConnection, after: Mapping[int, int], limit: int) -> list[Event]:
    """Load the vouchers after these places: slot by slot, in the order of the sequence.

    A slot's head is locked while its next voucher is written, so a later number is never seen
    before an earlier one: a reader that stops at the last number that it got misses nothing.
    Numbers have no gap, so a span of them is a limit for each slot. `shared.page.read_page` does not
    fit: each slot has a place of its own.
    """
    rows = await tx.execute(
        text("""
            SELECT v.slot, v.seq, v.source, v.event_id, v.owner, v.kind, v.book_date, v.period,
                   v.value_date, v.summary, CAST(v.refs AS text) AS refs, v.hold, v.reverses_seq,
                   v.hash, v.recorded_at
              FROM unnest(CAST(:slots AS integer[]), CAST(:seqs AS bigint[])) AS k (slot, seq)
              JOIN voucher AS v
                ON v.slot = k.slot AND v.seq > k.seq AND v.seq <= k.seq + CAST(:limit AS bigint)
             ORDER BY v.seq - k.seq, v.slot
             LIMIT :limit
        """),
        {"slots": sorted(after), "seqs": [after[slot] for slot in sorted(after)], "limit": limit},
    )
    found = list(rows.mappings())
    lines = await _lines(tx, [(row["slot"], row["seq"]) for row in found])
    return [
        Event(
            slot=row["slot"],
            seq=row["seq"],
            draft=draft_of_rows(row["slot"], row, lines.get((row["slot"], row["seq"]), [])),
            hash=bytes(row["hash"]),
            recorded_at=row["recorded_at"],
        )
        for row in found
    ]


async def _lines(
    tx: AsyncConnection, places: list[tuple[int, int]]
) -> dict[tuple[int, int], list[tuple[str, str, str, str, int, int]]]:
    rows = await tx.execute(
        text("""
            SELECT e.slot, e.seq, e.book, e.fund, e.account, e.district, e.debit_fen, e.credit_fen
              FROM unnest(CAST(:slots AS integer[]), CAST(:seqs AS bigint[])) AS k (slot, seq)
              JOIN entry AS e ON e.slot = k.slot AND e.seq = k.seq
             ORDER BY e.slot, e.seq, e.line
        """),
        {"slots": [slot for slot, _ in places], "seqs": [seq for _, seq in places]},
    )
    found: dict[tuple[int, int], list[tuple[str, str, str, str, int, int]]] = {}
    for slot, seq, *line in rows:
        found.setdefault((slot, seq), []).append(tuple(line))
    return found
