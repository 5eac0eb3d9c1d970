"""Checkpoints: the sums by day and the postings by place of the vouchers since the last one.

The vouchers are the truth. What a checkpoint writes is derived from them, in one transaction that
holds the slot's row of `book_checkpoint`; readers add the vouchers behind it (the views `bucket`
and `posting`). A crash loses nothing, and nothing has to be repaired after one.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[Any]"

CHUNK: Final = 2_000
"""Vouchers that one checkpoint covers at most."""

_SUMS: Final = """
INSERT INTO place_day (slot, place, day, debit_fen, credit_fen)
SELECT v.slot, line.sided >> 1, v.book_date,
       coalesce(sum(line.fen) FILTER (WHERE line.sided & 1 = 0), 0),
       coalesce(sum(line.fen) FILTER (WHERE line.sided & 1 = 1), 0)
  FROM voucher AS v
 CROSS JOIN LATERAL unnest(v.places, v.amounts) AS line (sided, fen)
 WHERE v.slot = $1 AND v.seq > $2 AND v.seq <= $3
 GROUP BY v.slot, line.sided >> 1, v.book_date
    ON CONFLICT (slot, place, day) DO UPDATE
   SET debit_fen = place_day.debit_fen + excluded.debit_fen,
       credit_fen = place_day.credit_fen + excluded.credit_fen
"""
_POSTINGS: Final = """
INSERT INTO place_postings (slot, place, day, upto_seq, from_seq, postings, offsets, nets_fen)
SELECT slot, place, day, max(seq), $2, count(*),
       array_agg(CAST(seq - $2 AS integer) ORDER BY seq), array_agg(net_fen ORDER BY seq)
  FROM (SELECT v.slot, v.seq, v.book_date AS day, line.sided >> 1 AS place,
               CAST(sum(CASE WHEN line.sided & 1 = 0 THEN line.fen ELSE -line.fen END) AS bigint)
               AS net_fen
          FROM voucher AS v
         CROSS JOIN LATERAL unnest(v.places, v.amounts) AS line (sided, fen)
         WHERE v.slot = $1 AND v.seq > $2 AND v.seq <= $3
         GROUP BY v.slot, v.seq, v.book_date, line.sided >> 1) AS posting
 GROUP BY slot, place, day
"""


async def advance(connection: Connection, slot: int, *, least: int = 1) -> int:
    """Write checkpoints while at least so many vouchers of a slot are behind; the last one's seq."""
    while True:
        async with connection.transaction():
            done, head = await _position(connection, slot)
            if head - done < least:
                return done
            upto = min(head, done + CHUNK)
            await connection.execute(_SUMS, slot, done, upto)
            await connection.execute(_POSTINGS, slot, done, upto)
            await connection.execute(
                "UPDATE book_checkpoint SET seq = $2 WHERE slot = $1", slot, upto
            )


async def _position(connection: Connection, slot: int) -> tuple[int, int]:
    """Lock the slot's checkpoint; return its seq and the head's, as committed after the lock."""
    done: int | None = await connection.fetchval(
        "SELECT seq FROM book_checkpoint WHERE slot = $1 FOR UPDATE", slot
    )
    assert done is not None, f"slot {slot} is missing"
    head: int = await connection.fetchval("SELECT seq FROM slot_head WHERE slot = $1", slot)
    return done, head
