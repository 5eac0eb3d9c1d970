"""Reads of a verification and of an export, slot by slot, in bounded pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.chain.domain.postings import PostingList
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.entries import Place
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.store import place as place_store
from services.ledger.posting.store.known import draft_of_rows

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Head of a slot's chain."""

    slot: int
    seq: int
    hash: bytes
    algorithm: str
    closed_until: date | None
    made_in: int
    """Generation of the slots that made it."""


async def freeze(tx: AsyncConnection) -> None:
    """Let everything that this transaction reads be of one moment. Its first statement."""
    await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


async def heads(tx: AsyncConnection) -> list[ChainHead]:
    """Load every slot's head."""
    rows = await tx.execute(
        text("""
            SELECT slot, seq, hash, algorithm, closed_until, made_in
              FROM slot_head
             ORDER BY slot
             LIMIT 1024
        """)
    )
    return [
        ChainHead(row.slot, row.seq, bytes(row.hash), row.algorithm, row.closed_until, row.made_in)
        for row in rows
    ]


async def vouchers(
    tx: AsyncConnection, slot: int
) -> AsyncIterator[tuple[Any, list[tuple[Any, ...]]]]:
    """Yield a slot's vouchers in order: (row, entries as (line, book, …, day, debit, credit)).

    An entry whose place has no number stands in the book "?".
    """
    places = {number: place for place, number in (await place_store.load(tx)).items()}
    after = 0
    while True:
        rows = await _vouchers(tx, slot, after)
        for row in rows:
            yield row, _entries(row, places)
        if len(rows) < _CHUNK:
            return
        after = rows[-1]["seq"]


async def chain(
    tx: AsyncConnection, slot: int
) -> AsyncIterator[tuple[int, Draft, bytes, bytes, datetime]]:
    """Yield (seq, draft, body hash, hash, recorded at) of every voucher of a slot, in order."""
    async for row, entries in vouchers(tx, slot):
        lines = [(*entry[1:5], *entry[6:8]) for entry in entries]
        draft = draft_of_rows(slot, row, lines)
        yield row["seq"], draft, row["body_hash"], row["hash"], row["recorded_at"]


def _entries(
    row: Any, places: Mapping[int, Place]
) -> list[tuple[int, str, str, str, str, date, int, int]]:
    entries = []
    lines = zip_longest(row["places"], row["amounts"], fillvalue=0)
    for line, (sided, fen) in enumerate(lines, 1):
        place = places.get(sided >> 1) or ("?", "?", "?", str(sided >> 1))
        both = (0, fen) if sided & 1 else (fen, 0)
        entries.append((line, *place, row["book_date"], *both))
    return entries


async def _vouchers(tx: AsyncConnection, slot: int, after: int) -> list[Any]:
    rows = await tx.execute(
        text("""
            SELECT seq, source, event_id, body_hash, owner, kind, book_date, period, value_date,
                   summary, CAST(refs AS text) AS refs, hold, reverses_seq, hash, recorded_at,
                   places, amounts
              FROM voucher
             WHERE slot = :slot AND seq > :after
             ORDER BY seq
             LIMIT :limit
        """),
        {"slot": slot, "after": after, "limit": _CHUNK},
    )
    return list(rows.mappings())


async def buckets(tx: AsyncConnection, slot: int) -> AsyncIterator[tuple[Any, ...]]:
    """Yield a slot's day buckets: (book, fund, account, district, day, debit, credit)."""
    rows = await tx.stream(
        text("""
            SELECT book, fund, account, district, day,
                   CAST(SUM(debit_fen) AS bigint) AS debit_fen,
                   CAST(SUM(credit_fen) AS bigint) AS credit_fen
              FROM bucket
             WHERE slot = :slot
             GROUP BY book, fund, account, district, day
             ORDER BY book, fund, account, district, day
        """),
        {"slot": slot},
    )
    async for row in rows:
        yield tuple(row)


async def closings(tx: AsyncConnection) -> list[dict[str, Any]]:
    """Load closings and reopenings in the order of approval, with the heads at that moment."""
    rows = await tx.execute(
        text("""
            SELECT id, closed_after, CAST(heads AS text) AS heads, CAST(carried AS text) AS carried
              FROM closing
             WHERE slot = :slot AND status = 'done'
             ORDER BY done_at, id
             LIMIT 100000
        """),
        {"slot": CENTRE_SLOT},
    )
    found = [
        {
            "id": str(row.id),
            "closed_until": row.closed_after,
            "heads": {int(slot): head for slot, head in orjson.loads(row.heads).items()},
            "carried": [one["seq"] for one in orjson.loads(row.carried)],
        }
        for row in rows
    ]
    # An instant says when an approval began, not which was first under the locks; the heads do.
    return sorted(found, key=lambda one: sum(seq for seq, _ in one["heads"].values()))


async def holds_that_differ(tx: AsyncConnection) -> list[str]:
    """Describe holds whose movements do not add up, or whose draws have no voucher.

    Holds move no money and are not sealed; the vouchers that drew on them are, and name them.
    """
    rows = await tx.execute(
        text("""
            SELECT h.id
              FROM hold AS h
              LEFT JOIN (SELECT hold_id, SUM(amount_fen) AS moved_fen,
                                SUM(amount_fen) FILTER (WHERE kind = 'draw') AS drawn_fen
                           FROM hold_movement
                          WHERE slot = :slot
                          GROUP BY hold_id) AS m ON m.hold_id = h.id
              LEFT JOIN (SELECT v.hold, e.fund, e.account, SUM(e.credit_fen) AS credited_fen
                           FROM voucher AS v
                           JOIN entry AS e ON e.slot = v.slot AND e.seq = v.seq
                          WHERE v.slot = :slot AND v.hold IS NOT NULL AND v.reverses_seq IS NULL
                          GROUP BY v.hold, e.fund, e.account) AS d
                ON d.hold = 'hld_0000000000000000' || replace(CAST(h.id AS text), '-', '')
               AND d.fund = h.fund AND d.account = h.account
             WHERE h.slot = :slot
               AND (h.amount_fen - COALESCE(m.moved_fen, 0) <> h.remaining_fen
                    OR COALESCE(m.drawn_fen, 0) <> COALESCE(d.credited_fen, 0))
             ORDER BY h.id
             LIMIT 100
        """),
        {"slot": CENTRE_SLOT},
    )
    return [f"hold hld_{0:016x}{row.id.hex} does not add up" for row in rows]


async def checkpoint(tx: AsyncConnection, slot: int) -> int:
    """Load up to which voucher a slot's postings are written; 0 without a checkpoint."""
    found = await tx.scalar(
        text("SELECT seq FROM book_checkpoint WHERE slot = :slot"), {"slot": slot}
    )
    return int(found or 0)


async def postings(tx: AsyncConnection, slot: int) -> AsyncIterator[PostingList]:
    """Yield a slot's lists of postings."""
    rows = await tx.stream(
        text("""
            SELECT place, day, from_seq, upto_seq, postings, offsets, nets_fen
              FROM place_postings
             WHERE slot = :slot
        """),
        {"slot": slot},
    )
    async for row in rows:
        yield PostingList(*row)


async def strays(tx: AsyncConnection) -> list[str]:
    """Describe rows that belong to no slot, which reading slot by slot would miss."""
    rows = await tx.execute(
        text("""
            SELECT 'voucher' AS of, slot FROM voucher
             WHERE slot NOT IN (SELECT slot FROM slot_head)
             UNION
            SELECT 'sum of a day', slot FROM place_day
             WHERE slot NOT IN (SELECT slot FROM slot_head)
             UNION
            SELECT 'list of postings', slot FROM place_postings
             WHERE slot NOT IN (SELECT slot FROM slot_head)
             LIMIT 100
        """)
    )
    return [f"a {row.of} lies in slot {row.slot}, which is not there" for row in rows]
