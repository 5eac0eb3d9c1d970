"""Verification of the books, from the database or from an export alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.chain.domain.postings import PostingSums
from services.ledger.chain.domain.proof import FORMAT, VERSION, Proof, Verdict
from services.ledger.chain.domain.sealed import Record, StoredVoucher
from services.ledger.chain.store import anchor as anchor_store
from services.ledger.chain.store import verify as verify_store
from services.ledger.chain.store.verify import ChainHead
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.voucher import GENESIS
from services.ledger.posting.store import owner_slot as owner_slot_store
from shared.db import Database

Progress = Callable[[int], None]
"""Called with the number of vouchers read so far."""
KeptAnchors = Iterable[tuple[int, int, str]]
"""(slot, sequence number, hash) that were kept outside the database."""
_TELL_EVERY = 1_000


def _silent(_: int) -> None:
    """Ignore the progress."""


@asynccontextmanager
async def frozen(db: Database) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads one moment, so that writers may go on meanwhile."""
    async with db.transaction() as tx:
        await verify_store.freeze(tx)
        yield tx


async def verify(
    tx: AsyncConnection, *, kept: KeptAnchors = (), progress: Progress = _silent
) -> Verdict:
    """Recompute everything from the entries; the first broken voucher is named."""
    proof = Proof(kept)
    async for record in records(tx, progress):
        proof.take(record)
    return proof.verdict()


async def export(
    tx: AsyncConnection, write: Callable[[bytes], object], *, progress: Progress = _silent
) -> int:
    """Write the books as lines of JSON, all that a stranger needs to verify them; how many."""
    lines = 0
    async for record in records(tx, progress):
        row = record.record() if isinstance(record, StoredVoucher) else record
        write(orjson.dumps(row) + b"\n")
        lines += 1
    return lines


def verify_lines(
    lines: Iterable[bytes], *, kept: KeptAnchors = (), progress: Progress = _silent
) -> Verdict:
    """Recompute everything from the lines of an export; without a database."""
    proof = Proof(kept)
    vouchers = 0
    for line in lines:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = {"type": "a line that is not JSON"}
        proof.take(record if isinstance(record, dict) else {"type": "a line that is no record"})
        vouchers += line.startswith(b'{"type":"voucher"')
        if vouchers % _TELL_EVERY == 0:
            progress(vouchers)
    return proof.verdict()


async def records(
    tx: AsyncConnection, progress: Progress = _silent
) -> AsyncIterator[Record | StoredVoucher]:
    """Yield the books record by record: of each slot its head, closings, anchors, vouchers,
    buckets."""
    heads = await verify_store.heads(tx)
    closings = await verify_store.closings(tx)
    strays = [*await verify_store.strays(tx), *await verify_store.holds_that_differ(tx)]
    if any(head.made_in > 1 for head in heads):
        strays += await owner_slot_store.misplaced(tx)
    vouchers = entries = 0
    yield {"type": "header", "format": FORMAT, "version": VERSION, "slots": len(heads)}
    for head in heads:
        yield _slot(head)
        for one in closings:
            if head.slot in one["heads"] or head.made_in > 1:
                yield _closing(head.slot, one)
        for anchor in await anchor_store.of_slot(tx, head.slot):
            yield {
                "type": "anchor",
                "day": anchor.day.isoformat(),
                "seq": anchor.seq,
                "hash": anchor.hash.hex(),
            }
        postings = PostingSums(await verify_store.checkpoint(tx, head.slot))
        async for stored in verify_store.vouchers(tx, head.slot):
            row = stored.row
            postings.add_voucher(row.seq, row.book_date, row.places, row.amounts)
            yield stored
            vouchers, entries = vouchers + 1, entries + len(stored.entries.amounts)
            if vouchers % _TELL_EVERY == 0:
                progress(vouchers)
        async for postings_of_day in verify_store.postings(tx, head.slot):
            postings.take_list(postings_of_day)
        strays += postings.faults(head.slot)
        async for book, fund, account, district, day, *both in verify_store.buckets(tx, head.slot):
            yield {
                "type": "bucket",
                "bucket": [book, fund, account, district, day.isoformat(), *both],
            }
    progress(vouchers)
    yield {
        "type": "end",
        "slots": len(heads),
        "vouchers": vouchers,
        "entries": entries,
        "strays": strays,
    }


def _slot(head: ChainHead) -> Record:
    return {
        "type": "slot",
        "slot": head.slot,
        "seq": head.seq,
        "hash": head.hash.hex(),
        "algorithm": head.algorithm,
        "closed_until": head.closed_until.isoformat() if head.closed_until else None,
    }


def _closing(slot: int, one: dict[str, Any]) -> Record:
    # A slot that a growth made later was empty then.
    seq, hash = one["heads"].get(slot, (0, GENESIS.hex()))
    until = one["closed_until"]
    return {
        "type": "closing",
        "id": one["id"],
        "closed_until": until.isoformat() if until else None,
        "seq": seq,
        "hash": hash,
        "carried": one["carried"] if slot == CENTRE_SLOT else [],
    }
