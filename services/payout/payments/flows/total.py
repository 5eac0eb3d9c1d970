"""Reading payout's totals, by fund."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.store import total as total_store
from services.payout.payments.store.total import ControlPaper, FundTotals
from shared.cursor import cut, read_cursor
from shared.period import Period


async def by_fund(
    tx: AsyncConnection, *, first: Period | None, last: Period | None, district: str | None
) -> list[FundTotals]:
    """Sum the claims of a span of months and a district; each is open when not given."""
    return await total_store.by_fund(tx, first=first, last=last, district=district)


async def both_until(tx: AsyncConnection, day: date) -> dict[str, tuple[int, int]]:
    """Return fund → benefits of business and of statistics, of all years, at the end of a day."""
    business = await total_store.benefits(tx, day)
    statistics = await total_store.claimed(tx, day)
    return {
        fund: (business.get(fund, 0), statistics.get(fund, 0))
        for fund in sorted({*business, *statistics})
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperQuery:
    """The claims of a fund at the end of a day; of one period, or of all."""

    fund: str
    as_of: date
    period: str | None
    differing: bool


async def papers(
    tx: AsyncConnection, query: PaperQuery, cursor: str | None, limit: int
) -> tuple[list[ControlPaper], str | None]:
    """Return a page of paid claims, and the next cursor.

    Raises:
        BadCursor: not a cursor of this query.
    """
    filters = asdict(query)
    key = read_cursor(cursor, filters, (int, str)) if cursor else None
    rows = await total_store.claims_of_item(
        tx, **filters, after=(key[0], UUID(key[1])) if key else None, limit=limit + 1
    )
    return cut(rows, limit, lambda row: [row.key, str(row.id)], filters)
