"""Entries of one account in the order of the books, and the balance before any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQuery:
    """An account, and filters on its entries; None does not filter."""

    account: str
    fund: str | None = None
    book: str | None = None
    district: str | None = None
    from_day: date = date.min
    to_day: date = date.max
    excluded: tuple[int, ...] = ()
    """Sequence numbers of vouchers in the centre's slot whose entries are left out."""

    def values(self) -> dict[str, Any]:
        """Return the filters as statement parameters."""
        return {
            "account": self.account,
            "fund": self.fund,
            "book": self.book,
            "district": self.district,
        }


class EntryKey(NamedTuple):
    """The place of an entry in the order of the books."""

    day: date
    slot: int
    seq: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One entry with the kind and summary of its voucher."""

    slot: int
    seq: int
    line: int
    book: str
    fund: str
    district: str
    book_date: date
    debit_fen: int
    credit_fen: int
    kind: str
    summary: str


_FILTERS = """(CAST(:fund AS text) IS NULL OR fund = :fund)
                      AND (CAST(:book AS text) IS NULL OR book = :book)
                      AND (CAST(:district AS text) IS NULL OR district = :district)"""
_FIRST_SEQ, _LAST_SEQ = -1, 2**63 - 1

# `lists` are the lists of postings that begin the rest of the account, place by place; `until` is
# where they hold a whole page for sure, without what is excluded. Only lists that begin before that
# are opened.
_PAGE: Final = f"""
WITH mine AS MATERIALIZED (
     SELECT place FROM place WHERE account = :account AND {_FILTERS}
), lists AS MATERIALIZED (
     SELECT l.place, l.day, l.from_seq, l.upto_seq,
            SUM(CASE WHEN (l.day, l.from_seq) >= (:day, CAST(:seq AS bigint))
                     THEN l.postings ELSE 0 END)
                OVER (ORDER BY l.day, l.upto_seq, l.place) AS reached
       FROM mine
      CROSS JOIN LATERAL (
            SELECT place, day, from_seq, upto_seq, postings
              FROM place_postings
             WHERE slot = :slot AND place = mine.place
               AND (day, upto_seq) >= (:day, CAST(:seq AS bigint))
               AND day BETWEEN :from_day AND :to_day
             ORDER BY day, upto_seq
             LIMIT CAST(:limit AS bigint) + 1 + cardinality(CAST(:excluded AS bigint[]))) AS l
), until AS MATERIALIZED (
     SELECT day, upto_seq
       FROM lists
      WHERE reached >= CAST(:limit AS bigint)
            + cardinality(CAST(:excluded AS bigint[])) * (SELECT COUNT(*) FROM mine)
      ORDER BY day, upto_seq
      LIMIT 1
), found AS (
     SELECT l.day, l.from_seq + one.behind AS seq
       FROM lists AS l
       JOIN place_postings AS p
         ON p.slot = :slot AND p.place = l.place AND p.day = l.day AND p.upto_seq = l.upto_seq
      CROSS JOIN LATERAL unnest(p.offsets) AS one (behind)
      WHERE NOT EXISTS (SELECT FROM until)
         OR (l.day, l.from_seq) <= (SELECT day, upto_seq FROM until)
      UNION
     SELECT v.book_date, v.seq
       FROM book_checkpoint AS c
       JOIN slot_head AS h ON h.slot = c.slot
      CROSS JOIN LATERAL generate_series(c.seq + 1, h.seq) AS behind (seq)
       JOIN voucher AS v ON v.slot = c.slot AND v.seq = behind.seq
      WHERE c.slot = :slot AND v.book_date BETWEEN :from_day AND :to_day
        AND v.places && (SELECT array_agg(2 * place) || array_agg(2 * place + 1) FROM mine)
), next AS MATERIALIZED (
     SELECT day, seq
       FROM found
      WHERE (day, seq) >= (:day, CAST(:seq AS bigint))
        AND seq <> ALL (CAST(:excluded AS bigint[]))
      ORDER BY day, seq
      LIMIT CAST(:limit AS bigint) + 1
)
SELECT e.slot, e.seq, e.line, e.book, e.fund, e.district, e.book_date, e.debit_fen, e.credit_fen,
       v.kind, v.summary
  FROM next
  JOIN voucher AS v ON v.slot = :slot AND v.seq = next.seq
  JOIN entry AS e ON e.slot = :slot AND e.seq = next.seq
 WHERE e.account = :account
   AND (e.book_date, e.seq, e.line) > (:day, CAST(:seq AS bigint), CAST(:line AS integer))
   AND {_FILTERS}
 ORDER BY e.book_date, e.seq, e.line
 LIMIT :limit
"""


async def page(
    tx: AsyncConnection, query: EntryQuery, after: EntryKey | None, limit: int
) -> list[EntryRow]:
    """Read entries after a key.

    Each slot is read from its own lists of postings and the slots are merged, so that a page costs
    a page per slot; one keyset clause over all slots (`shared.page.read_page`) would sort the whole
    account.
    """
    key = after or EntryKey(date.min, -1, _FIRST_SEQ, -1)
    found: list[EntryRow] = []
    for slot in await _slots(tx):
        seq, line = (key.seq, key.line) if slot == key.slot else (_FIRST_SEQ, -1)
        if slot < key.slot:
            seq = _LAST_SEQ
        rows = await tx.execute(
            text(_PAGE),
            query.values()
            | {
                "slot": slot,
                "from_day": query.from_day,
                "to_day": query.to_day,
                "day": key.day,
                "seq": seq,
                "line": line,
                "excluded": list(query.excluded) if slot == CENTRE_SLOT else [],
                "limit": limit,
            },
        )
        found += [EntryRow(**row._mapping) for row in rows]
    found.sort(key=lambda row: (row.book_date, row.slot, row.seq, row.line))
    return found[:limit]


async def _slots(tx: AsyncConnection) -> list[int]:
    rows = await tx.execute(text("SELECT slot FROM slot_head ORDER BY slot LIMIT 1024"))
    return [row.slot for row in rows]


async def net_before(tx: AsyncConnection, query: EntryQuery, after: EntryKey | None) -> int:
    """Return debits minus credits before the query's first day or, with a key, up to its entry.

    Whole days come from buckets; the postings of the key's own day up to the key are added.
    """
    rows = await tx.execute(
        text(f"""
            SELECT CAST(COALESCE(SUM(debit_fen) - SUM(credit_fen), 0) AS bigint)
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT debit_fen, credit_fen
                     FROM bucket
                    WHERE slot = h.slot AND account = :account AND day < :day
                      AND {_FILTERS}
                   ) AS mine
        """),
        query.values() | {"day": after.day if after else query.from_day},
    )
    net_fen = int(rows.scalar_one())
    return net_fen + await _net_of_day(tx, query, after) if after else net_fen


async def _net_of_day(tx: AsyncConnection, query: EntryQuery, after: EntryKey) -> int:
    rows = await tx.execute(
        text(f"""
            SELECT CAST(COALESCE(SUM(net_fen), 0) AS bigint)
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT net_fen
                     FROM posting
                    WHERE slot = h.slot AND account = :account AND day = :day
                      AND {_FILTERS}
                      AND (h.slot < :after_slot OR (h.slot = :after_slot AND seq < :seq))
                    UNION ALL
                   SELECT debit_fen - credit_fen
                     FROM entry
                    WHERE slot = h.slot AND h.slot = :after_slot AND seq = :seq AND line <= :line
                      AND account = :account AND book_date = :day
                      AND {_FILTERS}
                   ) AS mine
        """),
        query.values()
        | {"day": after.day, "after_slot": after.slot, "seq": after.seq, "line": after.line},
    )
    return int(rows.scalar_one())
