"""No report sees half of a voucher, or a voucher twice, however many slots are written meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.posting.domain.voucher import slot_of
from services.ledger.posting.flows import checkpoint as checkpoint_flow
from services.ledger.posting.flows.books import Books
from services.ledger.reports.domain.balance import Sum
from services.ledger.reports.store import balance as balance_store
from tests.conftest import database_on
from tests.ledger.support.making import DAY, receipt_draft
from tests.ledger.support.process import process

SLOTS = 6
OWNERS = [{slot_of(f"UNIT-{i}", SLOTS): f"UNIT-{i}" for i in range(60)}[slot] for slot in (1, 3, 5)]


@pytest.fixture(scope="module")
async def books(server_url: str, template: str) -> AsyncIterator[Books]:
    async with database_on(server_url, template) as url, process(url, SLOTS) as books:
        yield books


async def test_sums_read_while_several_slots_are_written_hold_whole_vouchers(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_flow, "CHECKPOINT_VOUCHERS", 10)
    posted = 0

    async def write(owner: str) -> None:
        nonlocal posted
        for _ in range(25):
            await books.post([receipt_draft(1, owner=owner, slot=slot_of(owner, SLOTS))])
            posted += 1

    async def read(tx: AsyncConnection) -> list[Sum]:
        return await balance_store.sums(tx, as_of=DAY)

    writers = [asyncio.create_task(write(owner)) for owner in OWNERS]
    reads = 0
    while not all(writer.done() for writer in writers) or not reads:
        before = posted
        found = await books.db.run(read)
        debit = sum(one.debit_fen for one in found)
        assert debit == sum(one.credit_fen for one in found)
        assert before <= debit <= len(OWNERS) * 25
        reads += 1
    await asyncio.gather(*writers)
    assert sum(one.debit_fen for one in await books.db.run(read)) == posted == len(OWNERS) * 25
