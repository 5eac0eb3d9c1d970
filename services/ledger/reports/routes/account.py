"""Doors of the chart of accounts and of account entries."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from services.ledger.posting.routes.door import opened
from services.ledger.reports.flows import entry as entry_flow
from services.ledger.reports.routes.parameters import Reading
from services.ledger.reports.schemas.account import AccountEntryOut, ChartOut
from services.ledger.reports.store.entry import EntryQuery
from shared import clock
from shared.cursor import LIMIT_DEFAULT
from shared.entry import Book
from shared.page import Cursor, Limit, Page
from shared.schema import Code, Day
from shared.web.door_router import DoorRouter
from shared.wire.ledger import AccountKey

router = DoorRouter()


@router.get("/v1/accounts", operation_id="chart", summary="会计科目表 · Chart of accounts of a day")
async def chart(at: Reading, as_of: Day | None = None) -> ChartOut:
    """Read the chart of accounts in force on a day."""
    books = await opened(at)
    return ChartOut.of(books.catalogue, as_of or clock.today())


@router.get(
    "/v1/accounts/{key}/entries",
    operation_id="account_entries",
    summary="明细账 · Entries of an account, by day",
)
async def account_entries(  # noqa: PLR0913 - one parameter a filter
    at: Reading,
    key: Annotated[AccountKey, Path(examples=["income_deposit"])],
    fund: Code | None = None,
    book: Book | None = None,
    district: Code | None = None,
    from_day: Annotated[Day | None, Query(alias="from")] = None,
    to_day: Annotated[Day | None, Query(alias="to")] = None,
    carry_over: Annotated[
        bool, Query(description="是否含年末结转 (include year-end carry-overs)")
    ] = True,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[AccountEntryOut]:
    """List entries of an account, oldest first. District users see their own district."""
    books = await opened(at)
    query = EntryQuery(
        account=key,
        fund=fund,
        book=book.value if book else None,
        district=at.caller.scope(district),
        from_day=from_day or date.min,
        to_day=to_day or date.max,
    )
    rows, following = await at.read(
        lambda tx: entry_flow.entries(
            tx, books.catalogue, query, cursor, limit, carry_over=carry_over
        )
    )
    return Page[AccountEntryOut].of([AccountEntryOut.of(row) for row in rows], following)
