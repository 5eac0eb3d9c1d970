"""Small batches of several slots go in one statement, and each is written or refused by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from services.ledger.posting.domain.batch import Outcome, PostedVoucher
from services.ledger.posting.domain.voucher import Draft, slot_of
from services.ledger.posting.flows.books import Books
from services.ledger.posting.store import merged as merged_store
from services.ledger.posting.store.batch import WriteResult
from tests.conftest import database_on
from tests.coordinator import only_postgresql
from tests.ledger.support.checkpoints import verified
from tests.ledger.support.making import receipt_draft
from tests.ledger.support.process import process

pytestmark = only_postgresql

SLOTS = 6
OWNERS = {slot_of(f"UNIT-{i}", SLOTS): f"UNIT-{i}" for i in range(60)}


@pytest.fixture(scope="module")
async def url(server_url: str, template: str) -> AsyncIterator[str]:
    async with database_on(server_url, template) as url:
        yield url


@pytest.fixture
async def books(url: str) -> AsyncIterator[Books]:
    """Books of six slots that know each slot's state and the numbers of the places."""
    async with process(url, SLOTS) as books:
        for _ in range(2):
            await books.post([made(slot) for slot in range(1, SLOTS)])
        yield books
        assert (await verified(books)).faults == ()


@pytest.fixture
async def admin(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
    yield connection
    await connection.close()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[WriteResult]]:
    """The results of every statement of several slots."""
    results: list[list[WriteResult]] = []
    send = merged_store.send

    async def listened(*batches: Any) -> list[WriteResult]:
        results.append(await send(*batches))
        return results[-1]

    monkeypatch.setattr(merged_store, "send", listened)
    return results


def made(slot: int, **changes: Any) -> Draft:
    return receipt_draft(1, owner=OWNERS[slot], slot=slot, **changes)


async def post_each(books: Books, drafts: Sequence[Draft]) -> list[Outcome]:
    """Post each draft in a request of its own, all at once."""
    answers = await asyncio.gather(*[books.post([draft]) for draft in drafts])
    return [outcome for (outcome,) in answers]


async def test_batches_of_several_slots_go_together(
    books: Books, sent: list[list[WriteResult]]
) -> None:
    drafts = [made(1 + i % 5) for i in range(40)]
    outcomes = await post_each(books, drafts)
    assert all(isinstance(one, PostedVoucher) and not one.replayed for one in outcomes)
    assert max(len(results) for results in sent) >= 3
    again = await post_each(books, drafts[:5])
    assert all(isinstance(one, PostedVoucher) and one.replayed for one in again)
    assert sent[-1] == [WriteResult.KNOWN] * len(sent[-1])


async def test_a_voucher_that_the_database_refuses_fails_alone(
    books: Books, admin: asyncpg.Connection[Any]
) -> None:
    await admin.execute("ALTER TABLE voucher ADD CHECK (summary <> 'poison') NOT VALID")
    drafts = [made(1 + i, summary="poison" if i == 3 else "good") for i in range(5)]
    outcomes = await post_each(books, drafts)
    await admin.execute("ALTER TABLE voucher DROP CONSTRAINT voucher_summary_check")
    refused = [i for i, one in enumerate(outcomes) if not isinstance(one, PostedVoucher)]
    assert refused == [3]
    assert outcomes[3].code == "VOUCHER_UNSTORABLE"  # type: ignore[union-attr]


async def test_a_fault_in_one_batch_is_answered_to_no_other(
    books: Books, admin: asyncpg.Connection[Any]
) -> None:
    await admin.execute("""
        CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE EXCEPTION 'a fault'; END $$;
        CREATE TRIGGER poisoned BEFORE INSERT ON voucher
           FOR EACH ROW WHEN (NEW.summary = 'fault') EXECUTE FUNCTION poisoned();
    """)
    drafts = [made(1 + i, summary="fault" if i == 3 else "good") for i in range(5)]
    answers = await asyncio.gather(*[books.post([one]) for one in drafts], return_exceptions=True)
    await admin.execute("DROP TRIGGER poisoned ON voucher")
    assert [i for i, one in enumerate(answers) if isinstance(one, BaseException)] == [3]


async def test_after_the_connection_is_lost_states_are_loaded_again(
    books: Books, admin: asyncpg.Connection[Any]
) -> None:
    await admin.execute("""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'wuxian-ledger' AND datname = current_database()
    """)
    drafts = [made(1 + i % 5) for i in range(10)]
    outcomes = await post_each(books, drafts) + await post_each(books, drafts)
    assert all(isinstance(one, PostedVoucher) for one in outcomes)
    assert sum(one.replayed for one in outcomes if isinstance(one, PostedVoucher)) == 10


async def test_a_head_that_is_held_holds_up_nobody_else(
    books: Books, admin: asyncpg.Connection[Any]
) -> None:
    async with admin.transaction():
        await admin.execute("SELECT FROM slot_head WHERE slot = 2 FOR UPDATE")
        held = asyncio.create_task(books.post([made(2)]))
        others = await post_each(books, [made(slot) for slot in (1, 3, 4, 5)])
        assert all(isinstance(one, PostedVoucher) for one in others)
        assert not held.done()
    [late] = await held
    assert isinstance(late, PostedVoucher)
