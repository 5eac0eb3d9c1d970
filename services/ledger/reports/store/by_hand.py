"""Vouchers that people posted or reversed by hand: business knows nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.rules.domain.chart import OWN_SOURCE
from shared.roles import Role

_SERVICES = (Role.COLLECTION_SERVICE.value, Role.PAYOUT_SERVICE.value, OWN_SOURCE)


class HandKey(NamedTuple):
    """The place of a voucher in the order of the books."""

    day: date
    slot: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandVoucher:
    """A voucher by hand, and by how much its credits exceed its debits on some accounts."""

    slot: int
    seq: int
    source: str
    event_id: str
    kind: str
    book_date: date
    summary: str
    credit_fen: int


async def page(
    tx: AsyncConnection,
    accounts: Sequence[str],
    *,
    fund: str,
    from_day: date,
    to_day: date,
    after: HandKey | None,
    limit: int,
) -> list[HandVoucher]:
    """Read vouchers by hand with entries of a fund on some accounts, in the order of the books."""
    key = after or HandKey(date.min, -1, -1)
    rows = await tx.execute(
        text("""
            SELECT mine.slot, mine.seq, source, event_id, kind, book_date, summary, credit_fen
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT v.slot, v.seq, v.source, v.event_id, v.kind, v.book_date, v.summary,
                          CAST(-SUM(p.net_fen) AS bigint) AS credit_fen
                     FROM posting AS p
                     JOIN voucher AS v ON v.slot = p.slot AND v.seq = p.seq
                    WHERE p.slot = h.slot AND p.account = ANY(CAST(:accounts AS text[]))
                      AND p.fund = :fund AND p.day BETWEEN :from_day AND :to_day
                      AND v.source <> ALL(CAST(:services AS text[]))
                    GROUP BY v.slot, v.seq) AS mine
             WHERE (book_date, mine.slot, mine.seq) > (CAST(:day AS date), :after_slot, :after_seq)
             ORDER BY book_date, mine.slot, mine.seq
             LIMIT :limit
        """),
        {
            "accounts": list(accounts),
            "services": list(_SERVICES),
            "fund": fund,
            "from_day": from_day,
            "to_day": to_day,
            "day": key.day,
            "after_slot": key.slot,
            "after_seq": key.seq,
            "limit": limit,
        },
    )
    return [HandVoucher(**row._mapping) for row in rows]
