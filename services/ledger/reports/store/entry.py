"""Entries of one account in the order of the books, and the balance before any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

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


async def page(
    tx: AsyncConnection, query: EntryQuery, after: EntryKey | None, limit: int
) -> list[EntryRow]:
    """Read entries after a key.

    Each slot is read from its own index and the slots are merged, so that a page costs a page per
    slot; one keyset clause over all slots (`shared.page.read_page`) would sort the whole account.
    """
    key = after or EntryKey(date.min, -1, -1, -1)
    rows = await tx.execute(
        text(f"""
            SELECT e.slot, e.seq, e.line, e.book, e.fund, e.district, e.book_date, e.debit_fen,
                   e.credit_fen, v.kind, v.summary
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT slot, seq, line, book, fund, district, book_date, debit_fen, credit_fen
                     FROM entry
                    WHERE slot = h.slot AND account = :account
                      AND (book_date, seq, line) > (
                          CAST(:day AS date),
                          CASE WHEN h.slot < :after_slot THEN CAST(9223372036854775807 AS bigint)
                               WHEN h.slot = :after_slot THEN CAST(:seq AS bigint)
                               ELSE -1 END,
                          CASE WHEN h.slot = :after_slot THEN CAST(:line AS integer) ELSE -1 END)
                      AND book_date BETWEEN :from_day AND :to_day
                      AND {_FILTERS}
                      AND NOT (h.slot = :centre AND seq = ANY(CAST(:excluded AS bigint[])))
                    ORDER BY book_date, seq, line
                    LIMIT :limit) AS e
              JOIN voucher AS v ON v.slot = e.slot AND v.seq = e.seq
             ORDER BY e.book_date, e.slot, e.seq, e.line
             LIMIT :limit
        """),
        query.values()
        | {
            "from_day": query.from_day,
            "to_day": query.to_day,
            "day": key.day,
            "after_slot": key.slot,
            "seq": key.seq,
            "line": key.line,
            "centre": CENTRE_SLOT,
            "excluded": list(query.excluded),
            "limit": limit,
        },
    )
    return [EntryRow(**row._mapping) for row in rows]


async def net_before(tx: AsyncConnection, query: EntryQuery, after: EntryKey | None) -> int:
    """Return debits minus credits before the query's first day or, with a key, up to its entry.

    Whole days come from buckets; the entries of the key's own day up to the key are added.
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
            SELECT CAST(COALESCE(SUM(debit_fen) - SUM(credit_fen), 0) AS bigint)
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT debit_fen, credit_fen
                     FROM entry
                    WHERE slot = h.slot AND account = :account AND book_date = :day
                      AND {_FILTERS}
                      AND (h.slot < :after_slot OR (h.slot = :after_slot
                           AND (seq, line) <= (:seq, :line)))
                   ) AS mine
        """),
        query.values()
        | {"day": after.day, "after_slot": after.slot, "seq": after.seq, "line": after.line},
    )
    return int(rows.scalar_one())
