"""The chart, and the entries of one account."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.store import entry as entry_store
from services.ledger.reports.store.entry import EntryQuery
from services.ledger.rules.domain.chart import Catalogue
from shared import clock
from shared.cursor import BadCursor, read_cursor, write_cursor
from shared.errors import NotFound


async def entries(
    tx: AsyncConnection,
    catalogue: Catalogue,
    query: EntryQuery,
    cursor: str | None,
    limit: int,
    *,
    carry_over: bool = True,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of an account's entries and the cursor of the next one; year-ends' may be left out.

    Raises:
        NotFound: no chart has such an account.
        BadCursor: not a cursor of this query.
    """
    if catalogue.described(query.account, clock.today()) is None:
        raise NotFound(account=query.account)
    filters = {
        "account": query.account,
        "fund": query.fund,
        "book": query.book,
        "district": query.district,
        "from": query.from_day,
        "to": query.to_day,
        "carry_over": carry_over,
    }
    if not carry_over:
        query = replace(query, left_out=tuple(await past_store.carry_over_seqs(tx)))
    rows = await entry_store.page(tx, query, _after(cursor, filters), limit + 1)
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    key = [last["book_date"].isoformat(), last["slot"], last["seq"], last["line"]]
    return rows[:limit], write_cursor(key, filters)


def _after(cursor: str | None, filters: dict[str, Any]) -> tuple[date, int, int, int] | None:
    if cursor is None:
        return None
    day, slot, seq, line = read_cursor(cursor, filters, (str, int, int, int))
    if slot >= 2**15 or line >= 2**15:
        raise BadCursor
    try:
        return date.fromisoformat(day), slot, seq, line
    except ValueError:
        raise BadCursor from None
