"""The detail ledger: entries of one fund and account in order, and the balance before any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailQuery:
    """Which account of which fund and book, in one district or all."""

    account: str
    fund: str
    book: str
    district: str | None = None

    def values(self) -> dict[str, Any]:
        """As parameters."""
        return {
            "account": self.account,
            "fund": self.fund,
            "book": self.book,
            "district": self.district,
        }


class DetailKey(NamedTuple):
    """Where a line stands in the order of the books."""

    day: date
    slot: int
    seq: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailLine:
    """One entry with what its voucher says."""

    slot: int
    seq: int
    line: int
    book_date: date
    district: str
    debit_fen: int
    credit_fen: int
    kind: str
    summary: str


_MINE = """fund = :fund AND book = :book
               AND (CAST(:district AS text) IS NULL OR district = :district)"""


async def net_before(
    tx: AsyncConnection, query: DetailQuery, first: date, after: DetailKey | None
) -> int:
    """Debits minus credits before the first day or, with a key, up to and with its line.

    Whole days come from buckets; of the key's own day the entries up to it are added.
    """
    day = after.day if after else first
    rows = await tx.execute(
        text(f"""
            SELECT CAST(COALESCE(SUM(debit_fen) - SUM(credit_fen), 0) AS bigint)
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT debit_fen, credit_fen
                     FROM bucket
                    WHERE slot = h.slot AND account = :account AND {_MINE} AND day < :day
                   ) AS mine
        """),
        query.values() | {"day": day},
    )
    net_fen = int(rows.scalar_one())
    return net_fen + await _net_of_day(tx, query, after) if after else net_fen


async def _net_of_day(tx: AsyncConnection, query: DetailQuery, after: DetailKey) -> int:
    rows = await tx.execute(
        text(f"""
            SELECT CAST(COALESCE(SUM(debit_fen) - SUM(credit_fen), 0) AS bigint)
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT debit_fen, credit_fen
                     FROM entry
                    WHERE slot = h.slot AND account = :account AND {_MINE} AND book_date = :day
                      AND (h.slot < :after_slot OR (h.slot = :after_slot
                           AND (seq, line) <= (:seq, :line)))
                   ) AS mine
        """),
        query.values()
        | {"day": after.day, "after_slot": after.slot, "seq": after.seq, "line": after.line},
    )
    return int(rows.scalar_one())


async def page(
    tx: AsyncConnection,
    query: DetailQuery,
    first: date,
    last: date,
    after: DetailKey | None,
    limit: int,
) -> list[DetailLine]:
    """Lines of a span after a key, each slot's read from its own index."""
    key = after or DetailKey(first, -1, -1, -1)
    rows = await tx.execute(
        text(f"""
            SELECT e.slot, e.seq, e.line, e.book_date, e.district, e.debit_fen, e.credit_fen,
                   v.kind, v.summary
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT slot, seq, line, book_date, district, debit_fen, credit_fen
                     FROM entry
                    WHERE slot = h.slot AND account = :account AND {_MINE}
                      AND book_date BETWEEN :day AND :last
                      AND (book_date, seq, line) > (
                          CAST(:day AS date),
                          CASE WHEN h.slot < :after_slot THEN CAST(9223372036854775807 AS bigint)
                               WHEN h.slot = :after_slot THEN CAST(:seq AS bigint)
                               ELSE -1 END,
                          CASE WHEN h.slot = :after_slot THEN CAST(:line AS integer) ELSE -1 END)
                    ORDER BY book_date, seq, line
                    LIMIT :limit) AS e
              JOIN voucher AS v ON v.slot = e.slot AND v.seq = e.seq
             ORDER BY e.book_date, e.slot, e.seq, e.line
             LIMIT :limit
        """),
        query.values()
        | {
            "day": key.day,
            "last": last,
            "after_slot": key.slot,
            "seq": key.seq,
            "line": key.line,
            "limit": limit,
        },
    )
    return [DetailLine(**row._mapping) for row in rows]
