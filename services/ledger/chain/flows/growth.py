"""Growth of the number of slots: new chains for new owners; those who have vouchers stay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.chain.flows.anchor import last_ended
from services.ledger.chain.store import anchor as anchor_store
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.slot_map import SLOTS_MAX, SlotMap
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store import owner_slot as owner_slot_store
from shared import trail
from shared.db import Database, constraint
from shared.ids import uuid7
from shared.roles import CENTRE, Caller, Role

T = TypeVar("T")

PAPER: Final = "slots"
PIECE: Final = 20_000
"""Vouchers whose owners are stored in one transaction while the ledger works."""


class GrowthRefused(Exception):
    """The slots cannot grow so; the text says why."""


@dataclass(frozen=True, slots=True)
class SlotSummary:
    """A slot, the generation that made it, its last sequence number and its stored owners."""

    slot: int
    generation: int
    seq: int
    owners: int


async def summaries(tx: AsyncConnection) -> list[SlotSummary]:
    """List every slot."""
    slots = await _slots(tx)
    owners = await owner_slot_store.count(tx)
    return [
        SlotSummary(slot, slots.made_in(slot), seq, owners.get(slot, 0))
        for slot, seq, _ in await head_store.all_heads(tx)
    ]


async def grow(db: Database, add: int, operator: str) -> SlotMap:
    """Add slots and return all of them. Owners with vouchers, or refusals kept, stay where they are.

    Their slots are stored while the ledger works, and those of the last moments under the locks of
    all heads, as a closing takes them. The commit of that transaction is the growth: before it
    nothing has changed for anybody, and a command that died is run again.

    Raises:
        GrowthRefused: no slot is added, there would be too many, or another growth came first.
    """
    before = await db.run(_slots)
    if not 1 <= add <= SLOTS_MAX - before.count:
        raise GrowthRefused(f"of {before.count} slots, 1 … {SLOTS_MAX - before.count} can be added")
    stored: dict[int, int] = {}
    for slot, seq, _ in await db.run(head_store.all_heads):
        for after in range(0, seq, PIECE):
            upto = min(seq, after + PIECE)
            await _again_if_stored(
                db,
                partial(owner_slot_store.store_of_vouchers, slot=slot, after=after, upto=upto),
            )
        stored[slot] = seq
    return await _again_if_stored(
        db, lambda tx: _begin(tx, before, before.grown(add), stored, operator)
    )


async def _again_if_stored(db: Database, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run a transaction, and again when another process stored one of its owners meanwhile.

    That is another growth, or, once there are two generations, the ledger that places a new owner.
    The next try finds the owner in its place.
    """
    while True:
        try:
            return await db.run(work)
        except IntegrityError as error:
            if constraint(error) != owner_slot_store.ONCE:
                raise


async def _slots(tx: AsyncConnection) -> SlotMap:
    found = await head_store.load_slots(tx)
    if found is None:
        raise GrowthRefused("the ledger has not started yet: set WUXIAN_LEDGER_SLOTS instead")
    return found[0]


async def _begin(
    tx: AsyncConnection,
    before: SlotMap,
    after: SlotMap,
    stored: Mapping[int, int],
    operator: str,
) -> SlotMap:
    """Begin the next generation, in one transaction."""
    heads = await head_store.lock_all(tx)
    found = await head_store.load_slots(tx)
    if found is None or found[0] != before:
        raise GrowthRefused("another growth came first; list the slots, and add more if needed")
    for slot, (seq, _) in heads.items():
        await owner_slot_store.store_of_vouchers(tx, slot, stored[slot], seq)
        await owner_slot_store.store_of_refusals(tx, slot)
    closed_until = await head_store.closed_until(tx)
    await head_store.add_slots(tx, after, found[1], closed_until)
    await head_store.begin_generation(tx, after.generation)
    for slot in range(before.count, after.count):
        await anchor_store.write(tx, slot, last_ended())
    step = trail.Step(
        shard_key=CENTRE_SLOT,
        paper=PAPER,
        paper_id=uuid7(),
        step="grown",
        signs=False,
        detail={"slots": list(after.counts)},
    )
    await trail.record(
        tx, step, Caller(subject=operator, role=Role.IDENTITY_ADMIN, district=CENTRE)
    )
    return after
