"""Balances: sums of day buckets over all slots, and amounts on hold."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.reports.domain.balance import Sum


async def sums(
    tx: AsyncConnection, *, as_of: date, district: str | None = None, book: str | None = None
) -> list[Sum]:
    """Return debits and credits of every account with postings by the end of a day."""
    rows = await tx.execute(
        text("""
            SELECT book, fund, account, SUM(debit_fen) AS debit_fen, SUM(credit_fen) AS credit_fen
              FROM bucket
             WHERE day <= :as_of
               AND (CAST(:district AS text) IS NULL OR district = :district)
               AND (CAST(:book AS text) IS NULL OR book = :book)
             GROUP BY book, fund, account
             ORDER BY book, fund, account
             LIMIT 100000
        """),
        {"as_of": as_of, "district": district, "book": book},
    )
    return [
        Sum(row.book, row.fund, row.account, int(row.debit_fen), int(row.credit_fen))
        for row in rows
    ]


async def held(tx: AsyncConnection, today: date) -> dict[str, int]:
    """Return fund → fen of pending holds."""
    rows = await tx.execute(
        text("""
            SELECT fund, SUM(remaining_fen) AS held_fen
              FROM hold
             WHERE slot = :slot AND remaining_fen > 0
               AND (expires_on IS NULL OR expires_on >= :today)
             GROUP BY fund
             LIMIT 1000
        """),
        {"slot": CENTRE_SLOT, "today": today},
    )
    return {row.fund: int(row.held_fen) for row in rows}
