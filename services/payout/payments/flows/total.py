"""Reading payout's totals, by fund."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.store import total as total_store
from services.payout.payments.store.total import FundTotals
from shared.period import Period


async def by_fund(
    tx: AsyncConnection, *, first: Period | None, last: Period | None, district: str | None
) -> list[FundTotals]:
    """Sum the claims of a span of months and a district; each is open when not given."""
    return await total_store.by_fund(tx, first=first, last=last, district=district)


async def benefits_until(tx: AsyncConnection, day: date) -> dict[str, int]:
    """Sum the benefits of each fund, of all years, at the end of a day."""
    return await total_store.benefits(tx, day)
