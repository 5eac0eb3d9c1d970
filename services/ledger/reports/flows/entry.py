"""Pages of account entries, in the order of the books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.store import past as past_store
from services.ledger.reports.store import entry as entry_store
from services.ledger.reports.store.entry import EntryKey, EntryQuery, EntryRow
from services.ledger.rules.domain.chart import Catalogue
from shared import clock
from shared.cursor import BadCursor, cut, read_cursor
from shared.errors import NotFound

Filters = dict[str, object]


async def entries(
    tx: AsyncConnection,
    catalogue: Catalogue,
    query: EntryQuery,
    cursor: str | None,
    limit: int,
    *,
    carry_over: bool = True,
) -> tuple[list[EntryRow], str | None]:
    """Read a page of an account's entries and the cursor of the next page.

    Args:
        tx: the reading transaction.
        catalogue: the charts of all days.
        query: the account and the filters.
        cursor: where to continue; None for the beginning.
        limit: entries of a page.
        carry_over: False leaves out year-end carry-overs.

    Raises:
        NotFound: no chart has such an account.
        BadCursor: not a cursor of this query.
    """
    if catalogue.described(query.account, clock.today()) is None:
        raise NotFound(account=query.account)
    filters = filters_of(query) | {"carry_over": carry_over}
    if not carry_over:
        query = replace(query, excluded=tuple(await past_store.carry_over_seqs(tx)))
    rows = await entry_store.page(tx, query, read_key(cursor, filters), limit + 1)
    return cut_page(rows, limit, filters)


def filters_of(query: EntryQuery) -> Filters:
    """Name the filters that a cursor belongs to."""
    return {
        "account": query.account,
        "fund": query.fund,
        "book": query.book,
        "district": query.district,
        "from": query.from_day,
        "to": query.to_day,
    }


def read_key(cursor: str | None, filters: Mapping[str, object]) -> EntryKey | None:
    """Read the key to continue after from a cursor.

    Raises:
        BadCursor: not a cursor of a query with these filters.
    """
    if cursor is None:
        return None
    day, slot, seq, line = read_cursor(cursor, dict(filters), (str, int, int, int))
    if slot >= 2**15 or line >= 2**15:
        raise BadCursor
    try:
        return EntryKey(date.fromisoformat(day), slot, seq, line)
    except ValueError:
        raise BadCursor from None


def cut_page(
    rows: list[EntryRow], limit: int, filters: Mapping[str, object]
) -> tuple[list[EntryRow], str | None]:
    """Return the page of `limit` + 1 rows, and the next cursor if there are more."""
    return cut(
        rows,
        limit,
        lambda row: [row.book_date.isoformat(), row.slot, row.seq, row.line],
        dict(filters),
    )
