"""Reads of a verification and of an export, slot by slot, in bounded pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.chain.domain.postings import PostingList
from services.ledger.chain.domain.sealed import StoredVoucher
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.entries import (
    PATTERNS_MAX,
    Entries,
    Pattern,
    Place,
    pattern_of,
)
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.store import place as place_store

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


async def vouchers(tx: AsyncConnection, slot: int) -> AsyncIterator[StoredVoucher]:
    """Yield a slot's vouchers in order. An entry whose place has no number stands in the book "?"."""
    patterns = _Patterns(await place_store.load(tx))
    after = 0
    while True:
        rows = await _vouchers(tx, slot, after)
        for row in rows:
            yield StoredVoucher(row, patterns.entries(row.places, row.amounts))
        if len(rows) < _CHUNK:
            return
        after = rows[-1].seq


async def chain(
    tx: AsyncConnection, slot: int
) -> AsyncIterator[tuple[int, Draft, bytes, bytes, datetime]]:
    """Yield (seq, draft, body hash, hash, recorded at) of every voucher of a slot, in order."""
    async for stored in vouchers(tx, slot):
        row = stored.row
        yield row.seq, stored.sealed(slot).draft, row.body_hash, row.hash, row.recorded_at


class _Patterns:
    """The patterns of the arrays of places that were read."""

    def __init__(self, numbers: Mapping[Place, int]) -> None:
        self._places = {number: place for place, number in numbers.items()}
        self._known: dict[tuple[int, ...], Pattern] = {}

    def entries(self, places: Sequence[int], amounts: Sequence[int]) -> Entries:
        """Return the entries of two arrays; what lacks its other half counts as zero."""
        lines = max(len(places), len(amounts))
        key = (*places, *[0] * (lines - len(places)))
        pattern = self._known.get(key)
        if pattern is None:
            if len(self._known) >= PATTERNS_MAX:
                self._known.clear()
            pattern = self._known[key] = pattern_of(
                [self._place(sided >> 1) for sided in key], [bool(sided & 1) for sided in key]
            )
        return Entries(pattern, (*amounts, *[0] * (lines - len(amounts))))

    def _place(self, number: int) -> Place:
        return self._places.get(number) or ("?", "?", "?", str(number))


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
    return list(rows)


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
