"""Reading payout's totals, by fund."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.store import total as total_store
from services.payout.payments.store.total import ControlPaper, FundTotals
from services.payout.recoveries.store import total as recovered_store
from shared.cursor import cut, read_cursor
from shared.errors import Fault, Faulty
from shared.period import Period
from shared.wire import moved
from shared.wire.control_item import ControlItem, ItemTotals, opening_of


async def by_fund(
    tx: AsyncConnection, *, first: Period | None, last: Period | None, district: str | None
) -> list[FundTotals]:
    """Sum the claims of a span of months and a district; each is open when not given.

    Raises:
        Faulty: the span ends before it begins.
    """
    if first is not None and last is not None and last < first:
        message = "终止月早于起始月 (the span ends before it begins)"
        raise Faulty(faults=[Fault("/query/period_to", "PERIODS_REVERSED", message)])
    return await total_store.by_fund(tx, first=first, last=last, district=district)


async def benefits(tx: AsyncConnection, day: date) -> dict[str, ItemTotals]:
    """Return fund → benefits of all years at the end of a day and at the opening of its month.

    What was recovered of a year in that year is taken off.
    """
    opening, item = opening_of(day), ControlItem.BENEFITS
    paid = await total_store.benefits(tx, opening=opening, as_of=day)
    recovered = await recovered_store.expenses(tx, opening=opening, as_of=day)
    found = {
        fund: paid.get(fund, ItemTotals()).plus(recovered.get(fund, ItemTotals()))
        for fund in sorted({*paid, *recovered})
    }
    later, later_opening = await moved.later_than(tx, day), await moved.later_than(tx, opening)
    return {
        fund: totals.less(later.get((fund, item), 0), later_opening.get((fund, item), 0))
        for fund, totals in found.items()
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
