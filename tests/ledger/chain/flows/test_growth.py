"""The slots grow while the ledger works: every voucher once, every owner in one slot for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.chain.flows import growth as growth_flow
from services.ledger.chain.flows.growth import GrowthRefused
from services.ledger.chain.store import anchor as anchor_store
from services.ledger.common.domain.refusal import LedgerRefusal, OutcomeUnknown
from services.ledger.posting.domain.batch import Outcome, PostedVoucher
from services.ledger.posting.domain.reversal import reversal
from services.ledger.posting.domain.voucher import Draft, slot_of
from services.ledger.posting.flows.books import Books, WrongSlots
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import owner_slot as owner_slot_store
from shared import trail
from shared.db import Database
from tests.conftest import database_on
from tests.ledger.support.checkpoints import verified
from tests.ledger.support.making import DAY, receipt_draft
from tests.ledger.support.process import process
from tests.ledger.support.reversing import reversals_without_paper

OPERATOR = "operator:test"


@pytest.fixture
async def url(server_url: str, template: str) -> AsyncIterator[str]:
    """A database of its own for each test: a growth cannot be taken back."""
    async with database_on(server_url, template) as url:
        yield url


def made(owner: str, fen: int = 1, **changes: Any) -> Draft:
    """A receipt as a door makes it that knows the first generation alone."""
    return receipt_draft(fen, owner=owner, slot=slot_of(owner, 2), **changes)


async def post(books: Books, *drafts: Draft) -> Sequence[Outcome]:
    """Post as a sender does: again with the same events while the outcome is unknown."""
    while True:
        try:
            return await books.post(list(drafts))
        except OutcomeUnknown:
            await asyncio.sleep(0.01)


async def test_slots_grow_under_load_and_nothing_is_booked_twice(url: str) -> None:
    async with process(url) as one, process(url) as other:
        drafts = [made(f"UNIT-{i % 30}") for i in range(600)]
        await one.post(drafts[:30])
        busy, grown = asyncio.Event(), asyncio.Event()
        outcomes: list[Outcome] = []

        async def client(number: int) -> None:
            mine = drafts[number * 30 : number * 30 + 45]  # a third of it another client's, too
            for i in range(0, len(mine), 3):
                books = (one, other)[(number + i) % 2]
                outcomes.extend(await post(books, *mine[i : i + 3]))
                if len(outcomes) > 200:
                    busy.set()
            await grown.wait()
            later = [made(f"NEW-{(number + i) % 17}") for i in range(6)]
            drafts.extend(later)
            for books in (one, other):  # each event is sent to both processes
                outcomes.extend(await post(books, *later, *mine[:5]))

        async def operator() -> None:
            await busy.wait()
            await growth_flow.grow(one.db, 2, OPERATOR)
            grown.set()

        await asyncio.gather(operator(), *[client(number) for number in range(20)])
        assert one.slots == other.slots
        assert one.slots.counts == (2, 4)
        assert all(isinstance(outcome, PostedVoucher) for outcome in outcomes)
        assert (await verified(one)).faults == ()
    connection = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
    booked = await connection.fetch("SELECT event_id, owner, slot FROM voucher")
    await connection.close()
    assert Counter(row["event_id"] for row in booked) == Counter(one.event_id for one in drafts)
    slots: dict[str, set[int]] = {}
    for row in booked:
        slots.setdefault(row["owner"], set()).add(row["slot"])
    assert all(slots[owner] == {1} for owner in slots if owner.startswith("UNIT"))
    assert {len(found) for found in slots.values()} == {1}
    new = set().union(*(slots[owner] for owner in slots if owner.startswith("NEW")))
    assert new == {2, 3}


async def test_what_was_answered_before_a_growth_is_answered_so_after_it(url: str) -> None:
    async with process(url) as idle, process(url) as books:
        first = made("UNIT-A", 500)
        [booked] = await books.post([first])
        unbalanced = made("UNIT-B", lines=receipt_draft().lines[:1])
        [refused] = await books.post([unbalanced])
        assert isinstance(booked, PostedVoucher)
        assert isinstance(refused, LedgerRefusal)
        await growth_flow.grow(books.db, 3, OPERATOR)
        [again] = await post(books, first)
        assert isinstance(again, PostedVoucher)
        assert (again.slot, again.seq, again.replayed) == (booked.slot, booked.seq, True)
        [still] = await post(books, unbalanced)
        assert isinstance(still, LedgerRefusal)
        assert still.code == refused.code
        red = reversal(first, booked.seq, source="x", event_id="r", book_date=DAY, summary="更正")
        async with reversals_without_paper(url):
            [reversed_] = await post(books, red)
        assert isinstance(reversed_, PostedVoucher)
        assert reversed_.slot == booked.slot

        # A process that did nothing meanwhile still knows one generation: it writes nothing.
        new = made("UNIT-C", 700)
        with pytest.raises(OutcomeUnknown):
            await idle.post([new])
        [there] = await post(books, new)
        [same] = await post(idle, new)
        assert isinstance(there, PostedVoucher)
        assert isinstance(same, PostedVoucher)
        assert (same.slot, same.seq, same.replayed) == (there.slot, there.seq, True)
        assert there.slot in {2, 3, 4}

        # A rehearsal stores nothing; a second growth finds those of the first in their places.
        await post(books, made("UNIT-D"))
        await books.post([made("UNIT-E")], rehearse=True)
        assert await growth_flow.grow(books.db, 1, OPERATOR) == books.slots.grown(1)
        [twice] = await post(idle, new)
        assert isinstance(twice, PostedVoucher)
        assert (twice.slot, twice.seq) == (there.slot, there.seq)
        assert sum(one.owners for one in await books.db.run(growth_flow.summaries)) == 4
        # Until a process notices, its new owners get a slot of the growth before: that is for good too.
        [late] = await post(idle, made("UNIT-E"))
        [last] = await post(idle, made("UNIT-F"))
        assert isinstance(late, PostedVoucher)
        assert isinstance(last, PostedVoucher)
        assert late.slot in {2, 3, 4}
        assert last.slot == 5
        assert (await verified(books)).faults == ()
    async with process(url, slots=None) as unset, process(url, slots=6):
        assert unset.slots.counts == (2, 5, 6)
    with pytest.raises(WrongSlots, match="has 6 slots, and began with 2, the setting says 3"):
        async with process(url, slots=3):
            pass


async def test_a_full_memory_of_owners_books_nothing_twice(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request that fills the memory names an owner that it knew until then."""
    monkeypatch.setattr("services.ledger.posting.domain.slot_map.OWNERS_MAX", 2)
    async with process(url) as books:
        first = made("UNIT-A", 500)
        [booked] = await books.post([first])
        assert isinstance(booked, PostedVoucher)
        await growth_flow.grow(books.db, 2, OPERATOR)
        await post(books, made("UNIT-A"))
        again, *_ = await post(books, first, made("NEW-A"), made("NEW-B"))
        assert isinstance(again, PostedVoucher)
        assert (again.slot, again.seq, again.replayed) == (booked.slot, booked.seq, True)
        assert (await verified(books)).faults == ()


STEPS = (
    (owner_slot_store, "store_of_vouchers"),
    (head_store, "lock_all"),
    (owner_slot_store, "store_of_refusals"),
    (head_store, "add_slots"),
    (head_store, "begin_generation"),
    (anchor_store, "write"),
    (trail, "record"),
)


async def test_a_growth_that_dies_anywhere_has_changed_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed here")

    async with process(url) as books:
        await books.post([made(f"UNIT-{i}") for i in range(5)])
        for module, name in STEPS:
            with monkeypatch.context() as patch:
                patch.setattr(module, name, die)
                with pytest.raises(RuntimeError, match="killed here"):
                    await growth_flow.grow(books.db, 2, OPERATOR)
            found = await books.db.run(head_store.load_slots)
            assert found is not None
            assert found[0].counts == (2,)
            [booked] = await books.post([made(f"AFTER-{name}")])
            assert isinstance(booked, PostedVoucher), "posting goes on as before"
            assert (booked.slot, books.slots.counts) == (1, (2,))
        await growth_flow.grow(books.db, 2, OPERATOR)
        summaries = await books.db.run(growth_flow.summaries)
        assert [(one.slot, one.generation, one.owners) for one in summaries] == [
            (0, 1, 0),
            (1, 1, 5 + len(STEPS)),
            (2, 2, 0),
            (3, 2, 0),
        ]
        assert (await verified(books)).faults == ()


async def test_what_cannot_grow_is_refused(url: str) -> None:
    db = Database(url, "ledger")
    with pytest.raises(GrowthRefused, match="not started"):
        await growth_flow.grow(db, 1, OPERATOR)
    async with process(url):
        for add in (0, 1023):
            with pytest.raises(GrowthRefused, match="1 … 1022"):
                await growth_flow.grow(db, add, OPERATOR)
        both = await asyncio.gather(
            *[growth_flow.grow(db, 1, OPERATOR) for _ in range(2)], return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in both) == ["GrowthRefused", "SlotMap"]
    await db.close()


async def test_two_growths_at_once_are_one(url: str) -> None:
    """Both store the same owners; whoever comes second is told so."""
    async with process(url) as books:
        await books.post([made(f"UNIT-{i}") for i in range(40)])
        both = await asyncio.gather(
            *[growth_flow.grow(books.db, 2, OPERATOR) for _ in range(3)], return_exceptions=True
        )
        names = sorted(type(one).__name__ for one in both)
        assert names == ["GrowthRefused", "GrowthRefused", "SlotMap"]
        assert (await verified(books)).faults == ()


async def test_an_owner_stored_by_the_ledger_meanwhile_does_not_end_a_growth(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, tries = owner_slot_store.store, []

    async def late(tx: AsyncConnection, slots: Mapping[str, int]) -> None:
        if not tries:
            tries.append(slots)
            await books.db.run(partial(store, slots=slots))  # the statement below did not see it
            await tx.execute(text("INSERT INTO owner_slot SELECT * FROM owner_slot"))
        await store(tx, slots)

    async with process(url) as books:
        await books.post([made("UNIT-A")])
        monkeypatch.setattr(owner_slot_store, "store", late)
        assert (await growth_flow.grow(books.db, 2, OPERATOR)).counts == (2, 4)


OLDER_WRITER = "UPDATE slot_head SET revision = revision + 1, seq = seq WHERE slot = 1"
"""How a release that knows no generations moves a head."""


async def test_a_process_of_an_older_release_writes_nothing_after_a_growth(url: str) -> None:
    async with process(url) as books:
        await books.post([made("UNIT-A")])
        await books.db.run(lambda tx: tx.execute(text(OLDER_WRITER)))
        await growth_flow.grow(books.db, 2, OPERATOR)
        with pytest.raises(IntegrityError, match="slot_head_written_by_generation"):
            await books.db.run(lambda tx: tx.execute(text(OLDER_WRITER)))
        [booked] = await post(books, made("UNIT-A"))
        assert isinstance(booked, PostedVoucher)


async def test_a_voucher_outside_its_owners_slot_is_found(url: str) -> None:
    async with process(url) as books:
        await books.post([made("UNIT-A")])
        await growth_flow.grow(books.db, 2, OPERATOR)
        connection = await asyncpg.connect(url, server_settings={"search_path": "ledger"})
        await connection.execute("UPDATE owner_slot SET slot = 2 WHERE owner = 'UNIT-A'")
        await connection.close()
        [fault] = (await verified(books)).faults
        assert fault == "UNIT-A has vouchers in slot 1, and the slot stored for it is 2"
