"""The days that the books take entries on."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.book_days import LedgerDays
from services.ledger.posting.store import head as head_store
from services.ledger.rules.domain.chart import Catalogue


async def read(tx: AsyncConnection, catalogue: Catalogue) -> LedgerDays:
    """Read the last closed day, and the days of the chart and of the funds."""
    return LedgerDays(
        closed_until=await head_store.closed_until(tx),
        chart_from=catalogue.first_day,
        funds=catalogue.every_fund(),
    )
