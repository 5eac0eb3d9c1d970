"""Doors of the chart and of account entries."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.ledger.posting.routes.door import opened
from services.ledger.reports.flows import account as account_flow
from services.ledger.reports.schemas.account import (
    AccountEntriesOut,
    ChartOut,
    account_out,
    entries_out,
)
from services.ledger.reports.store.entry import EntryQuery
from shared import clock
from shared.cursor import LIMIT_DEFAULT, LIMIT_MAX
from shared.door import Door, door
from shared.entry import Book
from shared.roles import Right
from shared.schema import Code
from shared.wire.ledger import AccountKey

router = APIRouter(tags=["account"])

Reading = Annotated[Door, door(Right.READ_LEDGER)]


@router.get("/v1/accounts", operation_id="chart", summary="会计科目表 · Chart of accounts of a day")
async def chart(door: Reading, as_of: date | None = None) -> ChartOut:
    """The chart of accounts as it is (or was) on a day."""
    books = await opened(door)
    day = as_of or clock.today()
    return ChartOut(as_of=day, items=[account_out(row) for row in books.catalogue.accounts(day)])


@router.get(
    "/v1/accounts/{key}/entries",
    operation_id="account_entries",
    summary="明细账 · Entries of an account, by day",
)
async def account_entries(  # noqa: PLR0913 - one parameter a filter
    door: Reading,
    key: Annotated[AccountKey, Path(examples=["income_deposit"])],
    fund: Code | None = None,
    book: Book | None = None,
    district: Code | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    carry_over: Annotated[
        bool, Query(description="是否含年末结转 (whether carry-overs of a year's end count)")
    ] = True,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> AccountEntriesOut:
    """Entries of an account, oldest first; district people see their district's."""
    books = await opened(door)
    query = EntryQuery(
        account=key,
        fund=fund,
        book=book.value if book else None,
        district=door.caller.scope(district),
        from_day=from_day,
        to_day=to_day,
    )
    rows, next_cursor = await door.read(
        lambda tx: account_flow.entries(
            tx, books.catalogue, query, cursor, limit, carry_over=carry_over
        )
    )
    return entries_out(rows, next_cursor)
