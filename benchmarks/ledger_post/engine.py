"""The engine of the books in one process, and the judgement of what it booked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from benchmarks._bench import Figures, closed_loop
from benchmarks._vouchers import make, owner
from services.ledger.chain.flows.verify import frozen, verify
from services.ledger.posting.domain.batch import PostedVoucher
from services.ledger.posting.domain.voucher import slot_of
from services.ledger.posting.flows.books import Books
from shared.db import Database
from shared.process import collector

CLIENTS = 64


@asynccontextmanager
async def open_books(url: str, slots: int) -> AsyncIterator[Books]:
    """Open the books of a database; slots that it lacks are made. Close them at the end."""
    books = Books(Database(url, "ledger"), slots=slots, queue_limit=20_000)
    await books.open()
    try:
        yield books
    finally:
        await books.close()
        await books.db.close()


async def engine(url: str, count: int, slots: int) -> Figures:
    """Post through the writers of this process, without HTTP."""
    async with open_books(url, slots) as books:
        return await post_all(books, count)


async def post_all(books: Books, count: int, *, only_slot: int | None = None) -> Figures:
    """Post `count` vouchers into open books; only to one slot, if so wanted."""
    collector.calm()  # as a process of the service does
    numbers = _numbers(books.slots.count, only_slot)

    async def ask(_: int) -> int:
        [outcome] = await books.post([make(next(numbers), books.slots.count)])
        assert isinstance(outcome, PostedVoucher), outcome
        return 1

    return await closed_loop("engine, in process", CLIENTS, count, ask)


def _numbers(slots: int, only_slot: int | None) -> Iterator[int]:
    number = 0
    while True:
        if only_slot is None or slot_of(owner(number), slots) == only_slot:
            yield number
        number += 1


async def verified(url: str, slots: int, expected: int) -> bool:
    """Return whether the books balance and hold every completed voucher, no more and no less."""
    # A checkpoint may be written meanwhile.
    async with open_books(url, slots) as books, frozen(books.db) as tx:
        verdict = await verify(tx)
    for fault in verdict.faults:
        print(f"  FAULT: {fault}")
    print(
        f"  verified: {verdict.vouchers:,} vouchers of {expected:,} completed, "
        f"{verdict.entries:,} entries, chains and buckets "
        + ("hold" if not verdict.faults else "BROKEN")
    )
    return not verdict.faults and verdict.vouchers == expected
