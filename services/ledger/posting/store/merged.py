"""SQL of several slots' batches in one statement: what a batch costs besides its vouchers is paid once.

Each slot's batch is guarded by its own revision and its own events, as in `batch`, and is written or
not by itself. A head that somebody else holds is passed over, so that this waits for nobody while it
holds other heads. The statement is for one PostgreSQL: a distributed database would have to commit it
on several servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import asyncpg

from services.ledger.posting.domain.batch import Decision
from services.ledger.posting.store.batch import (
    WriteResult,
    arrays_from_text,
    integers,
    line_columns,
    voucher_columns,
)
from services.ledger.posting.store.place import PlaceNumbers

Connection: TypeAlias = "asyncpg.Connection[Any]"

_SQL: Final = arrays_from_text("""
WITH wanted AS (
    SELECT *
      FROM unnest($1 integer[], $2 bigint[], $3 bigint[], CAST($4 AS bytea[]),
                  CAST($5 AS timestamptz[])) AS w (slot, revision, seq, hash, recorded_at)
), known AS (
    SELECT a.slot, count(*) AS events
      FROM unnest($22 integer[], $7 text[], $8 text[]) AS a (slot, source, event_id)
     CROSS JOIN LATERAL (
           (SELECT FROM voucher
             WHERE slot = a.slot AND source = a.source AND event_id = a.event_id
             LIMIT 1)
             UNION ALL
           (SELECT FROM event_refusal
             WHERE slot = a.slot AND source = a.source AND event_id = a.event_id
             LIMIT 1)) AS found
     GROUP BY a.slot
), free AS MATERIALIZED (
    SELECT h.slot
      FROM wanted AS w
      JOIN slot_head AS h ON h.slot = w.slot AND h.revision = w.revision
     WHERE NOT EXISTS (SELECT FROM known WHERE known.slot = w.slot)
       FOR UPDATE OF h SKIP LOCKED
), head AS (
    UPDATE slot_head AS h
       SET revision = h.revision + 1, generation_revision = h.revision + 1, seq = w.seq,
           hash = w.hash
      FROM free
      JOIN wanted AS w ON w.slot = free.slot
     WHERE h.slot = free.slot
    RETURNING h.slot, w.recorded_at
), vouchers AS (
    INSERT INTO voucher (slot, seq, source, event_id, body_hash, owner, kind, book_date, period,
                         value_date, summary, refs, hold, reverses_seq, hash, recorded_at,
                         places, amounts)
    SELECT head.slot, v.seq, v.source, v.event_id, v.body_hash, v.owner, v.kind, v.book_date,
           v.period, v.value_date, v.summary, CAST(v.refs AS jsonb), v.hold, v.reverses_seq,
           v.hash, head.recorded_at, CAST(v.places AS integer[]), CAST(v.amounts AS bigint[])
      FROM head
      JOIN unnest($22 integer[], $6 bigint[], $7 text[], $8 text[],
                  CAST($9 AS bytea[]), $10 text[], $11 text[],
                  $12 date[], $13 text[], $14 date[],
                  $15 text[], $16 text[], $17 text[],
                  $18 bigint[], CAST($19 AS bytea[]), $20 text[], $21 text[])
             AS v (slot, seq, source, event_id, body_hash, owner, kind, book_date, period,
                   value_date, summary, refs, hold, reverses_seq, hash, places, amounts)
        ON v.slot = head.slot
)
SELECT w.slot, head.slot IS NOT NULL AS written, coalesce(known.events, 0) AS events
  FROM wanted AS w
  LEFT JOIN head ON head.slot = w.slot
  LEFT JOIN known ON known.slot = w.slot""")


async def send(
    connection: Connection, batches: Sequence[tuple[Decision, datetime]], numbers: PlaceNumbers
) -> list[WriteResult]:
    """Write plain decisions with their instants, each of a slot of its own; the result of each."""
    decisions = [decision for decision, _ in batches]
    posted = [one for decision in decisions for one in decision.posted]
    rows = await connection.fetch(
        _SQL,
        integers([decision.before.slot for decision in decisions]),
        integers([decision.before.revision for decision in decisions]),
        integers([decision.after.seq for decision in decisions]),
        [decision.after.hash for decision in decisions],
        [recorded_at for _, recorded_at in batches],
        *voucher_columns(posted),
        *line_columns(posted, numbers),
        integers([one.draft.slot for one in posted]),
    )
    results = {row["slot"]: WriteResult.of(row["written"], row["events"]) for row in rows}
    return [results[decision.before.slot] for decision in decisions]
