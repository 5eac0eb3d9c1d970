"""Pages of an account's entries, cut at every place and compared with all entries at once."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.reports.store import entry as entry_store
from services.ledger.reports.store.entry import EntryKey, EntryQuery, EntryRow
from tests.ledger.conftest import Ledger
from tests.ledger.support.checkpoints import write_checkpoints
from tests.ledger.support.making import lines, receipt_draft

ACCOUNT = "income_deposit"
DAYS = (3, 1, 2, 1)
ALL = """
    SELECT book_date, slot, seq, line FROM entry
     WHERE account = $1 AND NOT (slot = 0 AND seq = ANY($2::bigint[]))
     ORDER BY book_date, slot, seq, line
"""


@pytest.fixture(scope="module")
async def filled(ledger: Ledger) -> Ledger:
    """Vouchers of a few days in several slots, in turn, with some behind the checkpoints."""
    for number in range(36):
        where = ("heping", "nankai")[number // 3 % 2]
        posted = receipt_draft(
            slot=number % 3,
            book_date=date(2021, 7, DAYS[number % len(DAYS)]),
            lines=lines(ACCOUNT, "contribution_income.pooled", 100 + number, "pension", where),
        )
        [outcome] = await ledger.books.post([posted])
        assert isinstance(outcome, PostedVoucher), outcome
        if number in {7, 20, 29}:
            await write_checkpoints(ledger.url)
    return ledger


@pytest.mark.parametrize("excluded", [(), (1,), (1, 2, 3, 4), tuple(range(3, 12))])
@pytest.mark.parametrize("limit", [1, 2, 5, 11])
async def test_pages_are_all_entries_in_order(
    filled: Ledger, limit: int, excluded: tuple[int, ...]
) -> None:
    query = EntryQuery(account=ACCOUNT, excluded=excluded)
    admin = await asyncpg.connect(filled.url, server_settings={"search_path": "ledger"})
    try:
        expected = [EntryKey(*row) for row in await admin.fetch(ALL, ACCOUNT, list(excluded))]
    finally:
        await admin.close()
    assert len(expected) > 20
    found: list[EntryKey] = []
    while rows := await _page(filled, query, found[-1] if found else None, limit):
        found += [EntryKey(row.book_date, row.slot, row.seq, row.line) for row in rows]
    assert found == expected


async def _page(
    ledger: Ledger, query: EntryQuery, after: EntryKey | None, limit: int
) -> list[EntryRow]:
    return await ledger.books.db.run(lambda tx: entry_store.page(tx, query, after, limit))
