"""Sums and open items that the statutory reports read over all slots, without locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.reports.domain.balance import Sum
from shared.entry import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A range of days (inclusive) and filters on postings; None does not filter.

    `known_at` is slot → last sequence number that counts; None counts everything posted by now.
    """

    from_day: date = date.min
    to_day: date = date.max
    fund: str | None = None
    book: str | None = None
    district: str | None = None
    known_at: Mapping[int, int] | None = None

    def values(self) -> dict[str, Any]:
        """Return the window as statement parameters."""
        known = sorted((self.known_at or {}).items())
        return {
            "from_day": self.from_day,
            "to_day": self.to_day,
            "fund": self.fund,
            "book": self.book,
            "district": self.district,
            "slots": [slot for slot, _ in known],
            "seqs": [seq for _, seq in known],
        }


async def sums_between(tx: AsyncConnection, window: Window) -> list[Sum]:
    """Return debits and credits of every account with postings in a window.

    Buckets hold everything posted by now. With `known_at`, entries posted later are subtracted, so
    an earlier moment costs as much as was posted since. Accounts whose sums are then zero had no
    postings, or only cancelled ones, and are left out.
    """
    rows = await tx.execute(
        text("""
            SELECT book, fund, account, SUM(debit_fen) AS debit_fen, SUM(credit_fen) AS credit_fen
              FROM (SELECT book, fund, account, debit_fen, credit_fen
                      FROM bucket
                     WHERE day BETWEEN :from_day AND :to_day
                       AND (CAST(:fund AS text) IS NULL OR fund = :fund)
                       AND (CAST(:book AS text) IS NULL OR book = :book)
                       AND (CAST(:district AS text) IS NULL OR district = :district)
                     UNION ALL
                    SELECT e.book, e.fund, e.account, -e.debit_fen, -e.credit_fen
                      FROM unnest(CAST(:slots AS integer[]), CAST(:seqs AS bigint[]))
                           AS k (slot, seq)
                      JOIN entry AS e ON e.slot = k.slot AND e.seq > k.seq
                     WHERE e.book_date BETWEEN :from_day AND :to_day
                       AND (CAST(:fund AS text) IS NULL OR e.fund = :fund)
                       AND (CAST(:book AS text) IS NULL OR e.book = :book)
                       AND (CAST(:district AS text) IS NULL OR e.district = :district)
                   ) AS both_sides
             GROUP BY book, fund, account
            HAVING cardinality(CAST(:slots AS integer[])) = 0
                OR SUM(debit_fen) <> 0 OR SUM(credit_fen) <> 0
             ORDER BY book, fund, account
             LIMIT 100000
        """),
        window.values(),
    )
    return [Sum(r.book, r.fund, r.account, int(r.debit_fen), int(r.credit_fen)) for r in rows]


async def sums_of_vouchers(tx: AsyncConnection, seqs: Sequence[int], window: Window) -> list[Sum]:
    """Return debits and credits, inside a window, of some vouchers in the centre's slot."""
    known = None if window.known_at is None else window.known_at.get(CENTRE_SLOT, 0)
    rows = await tx.execute(
        text("""
            SELECT book, fund, account, SUM(debit_fen) AS debit_fen, SUM(credit_fen) AS credit_fen
              FROM entry
             WHERE slot = :slot AND seq = ANY(CAST(:carried AS bigint[]))
               AND (CAST(:known AS bigint) IS NULL OR seq <= :known)
               AND book_date BETWEEN :from_day AND :to_day
               AND (CAST(:fund AS text) IS NULL OR fund = :fund)
               AND (CAST(:district AS text) IS NULL OR district = :district)
             GROUP BY book, fund, account
             LIMIT 100000
        """),
        {
            "slot": CENTRE_SLOT,
            "carried": list(seqs),
            "known": known,
            "from_day": window.from_day,
            "to_day": window.to_day,
            "fund": window.fund,
            "district": window.district,
        },
    )
    return [Sum(r.book, r.fund, r.account, int(r.debit_fen), int(r.credit_fen)) for r in rows]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Money of one receipt in suspense, in fen; `since` is the day of its first posting."""

    receipt: str
    fund: str
    district: str
    open_fen: int
    since: date


async def open_items(
    tx: AsyncConnection, as_of: date, after: tuple[str, str, str] | None, limit: int
) -> list[OpenItem]:
    """Return receipts whose suspense is not zero at the end of a day, after a key.

    A reversal belongs to the receipt of the voucher it reverses. A voucher that names no receipt is
    listed under its own number.
    """
    receipt, fund, district = after or ("", "", "")
    rows = await tx.execute(
        text("""
            SELECT mine.receipt, mine.fund, mine.district, MIN(mine.book_date) AS since,
                   CAST(-SUM(mine.net_fen) AS bigint) AS open_fen
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT COALESCE(v.refs ->> 'receipt', o.refs ->> 'receipt',
                                   'vch_' || v.slot || '_' || COALESCE(v.reverses_seq, v.seq))
                          COLLATE "C" AS receipt,
                          p.fund, p.district, p.day AS book_date, p.net_fen
                     FROM posting AS p
                     JOIN voucher AS v ON v.slot = p.slot AND v.seq = p.seq
                     LEFT JOIN voucher AS o ON o.slot = v.slot AND o.seq = v.reverses_seq
                    WHERE p.slot = h.slot AND p.account = :account AND p.day <= :as_of
                   ) AS mine
             WHERE (mine.receipt, mine.fund, mine.district) > (:receipt, :fund, :district)
             GROUP BY mine.receipt, mine.fund, mine.district
            HAVING SUM(mine.net_fen) <> 0
             ORDER BY mine.receipt, mine.fund, mine.district
             LIMIT :limit
        """),
        {
            "account": Account.SUSPENSE_RECEIPTS,
            "as_of": as_of,
            "receipt": receipt,
            "fund": fund,
            "district": district,
            "limit": limit,
        },
    )
    return [OpenItem(r.receipt, r.fund, r.district, r.open_fen, r.since) for r in rows]


async def freeze(tx: AsyncConnection) -> None:
    """Make the transaction read one snapshot. Call it before any other statement."""
    await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
