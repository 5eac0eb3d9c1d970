"""Look-ups of what the books know about the events of a batch: by key, one round trip each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from services.ledger.common.domain.refusal import pinned_again
from services.ledger.posting.domain.batch import EventKey, PostedVoucher, PriorRefusal, PriorVoucher
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.hold import Hold, HoldMovement, MovementKind
from services.ledger.posting.domain.reversal import Remaining, remaining
from services.ledger.posting.domain.voucher import Draft, draft, draft_of
from services.ledger.posting.store.head import hold_of
from shared.errors import Fault

Connection: TypeAlias = "asyncpg.Connection[Any]"

# LATERAL with LIMIT keeps the look-up a probe of the unique index, whatever the statistics say.
_EVENTS = """
SELECT a.source, a.event_id, v.seq, v.hash, v.book_date, v.body_hash, NULL AS code, NULL AS faults,
       NULL AS facts, NULL AS content
  FROM unnest(CAST($2 AS text[]), CAST($3 AS text[])) AS a (source, event_id)
 CROSS JOIN LATERAL (
       SELECT seq, hash, book_date, body_hash
         FROM voucher
        WHERE slot = $1 AND source = a.source AND event_id = a.event_id
        LIMIT 1) AS v
 UNION ALL
SELECT a.source, a.event_id, NULL, NULL, NULL, r.body_hash, r.code, CAST(r.faults AS text),
       CAST(r.facts AS text), r.content
  FROM unnest(CAST($2 AS text[]), CAST($3 AS text[])) AS a (source, event_id)
 CROSS JOIN LATERAL (
       SELECT body_hash, code, faults, facts, content
         FROM event_refusal
        WHERE slot = $1 AND source = a.source AND event_id = a.event_id
        LIMIT 1) AS r
"""


async def events(
    connection: Connection, slot: int, drafts: Sequence[Draft]
) -> dict[EventKey, PriorVoucher | PriorRefusal]:
    """Load the earlier answers to the drafts' events, with the first draft if the content now
    differs."""
    rows = await connection.fetch(
        _EVENTS, slot, [draft.source for draft in drafts], [draft.event_id for draft in drafts]
    )
    if not rows:
        return {}
    hashes: dict[EventKey, set[bytes]] = {}
    for one in drafts:
        hashes.setdefault((one.source, one.event_id), set()).add(one.body_hash)
    found: dict[EventKey, PriorVoucher | PriorRefusal] = {}
    for row in rows:
        key = (row["source"], row["event_id"])
        differs = hashes[key] != {row["body_hash"]}
        if row["code"] is None:
            first = await voucher(connection, slot, row["seq"]) if differs else None
            booked = PostedVoucher(slot, row["seq"], row["hash"], row["book_date"], replayed=True)
            found[key] = PriorVoucher(booked, row["body_hash"], first)
        else:
            found[key] = _known_refusal(row, slot, differs=differs)
    return found


def _known_refusal(row: Any, slot: int, *, differs: bool) -> PriorRefusal:
    faults = tuple(Fault(*parts) for parts in orjson.loads(row["faults"]))
    refusal = pinned_again(row["code"], faults, orjson.loads(row["facts"]))
    first = draft_of(slot, row["source"], row["content"]) if differs else None
    return PriorRefusal(refusal, row["body_hash"], first)


async def voucher(connection: Connection, slot: int, seq: int) -> Draft | None:
    """Load a booked voucher as a draft."""
    row = await connection.fetchrow(
        """
        SELECT source, event_id, owner, kind, book_date, period, value_date, summary,
               CAST(refs AS text) AS refs, hold, reverses_seq
          FROM voucher
         WHERE slot = $1 AND seq = $2
        """,
        slot,
        seq,
    )
    if row is None:
        return None
    lines = await connection.fetch(
        """
        SELECT book, fund, account, district, debit_fen, credit_fen
          FROM entry
         WHERE slot = $1 AND seq = $2
         ORDER BY line
        """,
        slot,
        seq,
    )
    return draft_of_rows(slot, row, lines)


def draft_of_rows(slot: int, row: Any, lines: Sequence[Any]) -> Draft:
    """Build a draft from a voucher's row and the rows of its entries."""
    return draft(
        slot=slot,
        source=row["source"],
        event_id=row["event_id"],
        owner=row["owner"],
        kind=row["kind"],
        book_date=row["book_date"],
        period=row["period"],
        value_date=row["value_date"],
        summary=row["summary"],
        references=orjson.loads(row["refs"]),
        lines=tuple(Line(*line) for line in lines),
        hold=row["hold"],
        reverses_seq=row["reverses_seq"],
    )


async def remaining_of(
    connection: Connection, slot: int, seqs: Collection[int]
) -> dict[int, Remaining]:
    """Load what remains of these vouchers after all their reversals; nothing of missing ones."""
    rows = await connection.fetch(
        """
        SELECT a.seq, e.book, e.fund, e.account, e.district,
               CAST(SUM(e.debit_fen) AS bigint) AS debit_fen,
               CAST(SUM(e.credit_fen) AS bigint) AS credit_fen
          FROM unnest(CAST($2 AS bigint[])) AS a (seq)
         CROSS JOIN LATERAL (
               SELECT a.seq
                UNION ALL
               SELECT seq
                 FROM voucher
                WHERE slot = $1 AND reverses_seq = a.seq) AS one
          JOIN entry AS e ON e.slot = $1 AND e.seq = one.seq
         GROUP BY a.seq, e.book, e.fund, e.account, e.district
        """,
        slot,
        list(seqs),
    )
    lines: dict[int, list[Line]] = {seq: [] for seq in seqs}
    for seq, *line in rows:
        lines[seq].append(Line(*line))
    return {seq: remaining(of) for seq, of in lines.items()}


async def holds_of_events(
    connection: Connection, slot: int, keys: Sequence[EventKey]
) -> dict[EventKey, Hold]:
    """Load the holds made by these events."""
    rows = await connection.fetch(
        """
        SELECT h.id, h.source, h.event_id, h.fund, h.account, h.amount_fen, h.remaining_fen,
               h.summary, h.expires_on
          FROM unnest(CAST($2 AS text[]), CAST($3 AS text[])) AS a (source, event_id)
          JOIN hold AS h ON h.slot = $1 AND h.source = a.source AND h.event_id = a.event_id
        """,
        slot,
        [source for source, _ in keys],
        [event_id for _, event_id in keys],
    )
    return {(row["source"], row["event_id"]): hold_of(row) for row in rows}


async def holds_by_id(connection: Connection, slot: int, ids: Sequence[UUID]) -> dict[UUID, Hold]:
    """Load these holds, closed ones too."""
    rows = await connection.fetch(
        """
        SELECT id, source, event_id, fund, account, amount_fen, remaining_fen, summary, expires_on
          FROM hold
         WHERE slot = $1 AND id = ANY($2)
        """,
        slot,
        ids,
    )
    return {row["id"]: hold_of(row) for row in rows}


async def releases_of_events(
    connection: Connection, slot: int, keys: Sequence[EventKey]
) -> dict[EventKey, tuple[HoldMovement, ...]]:
    """Load the releases made by these events."""
    rows = await connection.fetch(
        """
        SELECT m.hold_id, m.amount_fen, m.remaining_fen, m.asked_fen, m.source, m.event_id
          FROM unnest(CAST($2 AS text[]), CAST($3 AS text[])) AS a (source, event_id)
          JOIN hold_movement AS m
            ON m.slot = $1 AND m.source = a.source AND m.event_id = a.event_id
           AND m.kind = 'release'
        """,
        slot,
        [source for source, _ in keys],
        [event_id for _, event_id in keys],
    )
    found: dict[EventKey, tuple[HoldMovement, ...]] = {}
    for row in rows:
        moved = HoldMovement(
            hold_id=UUID(int=row["hold_id"].int),
            kind=MovementKind.RELEASE,
            amount_fen=row["amount_fen"],
            remaining_fen=row["remaining_fen"],
            source=row["source"],
            event_id=row["event_id"],
            asked_fen=row["asked_fen"],
        )
        key = (row["source"], row["event_id"])
        found[key] = (*found.get(key, ()), moved)
    return found
