"""The feed of vouchers: from a place in every chain onwards, with long polling."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

from services.ledger.posting.flows.feed_watch import FeedWatch
from services.ledger.posting.store import event as event_store
from services.ledger.posting.store import head as head_store
from services.ledger.posting.store.event import Event
from shared.db import Database
from shared.errors import Fault, Faulty

_PLACE = re.compile(r"^(0|[1-9][0-9]{0,3}):(0|[1-9][0-9]{0,17})$")


def places_of(after_seq: str) -> dict[int, int]:
    """Parse "0:12,3:5" as slot → last number read; slots not named are at their beginning.

    Raises:
        Faulty: not such a text, or a slot named twice.
    """
    found: dict[int, int] = {}
    for part in after_seq.split(",") if after_seq else []:
        read = _PLACE.fullmatch(part)
        if not read or int(read[1]) in found:
            raise _faulty(part[:40])
        found[int(read[1])] = int(read[2])
    return found


def text_of(places: Mapping[int, int]) -> str:
    """Format places as a reader hands them back."""
    return ",".join(f"{slot}:{seq}" for slot, seq in sorted(places.items()))


async def events(
    db: Database, watch: FeedWatch, after_seq: str, limit: int, wait_seconds: int
) -> tuple[list[Event], dict[int, int], bool]:
    """Read the vouchers after these places, the places after them, and whether there are more.

    With nothing new it waits up to `wait_seconds`; no transaction is held meanwhile.

    Raises:
        Faulty: no such places in these chains.
    """
    places = places_of(after_seq)
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        async with db.transaction() as tx:
            heads = {slot: seq for slot, seq, _ in await head_store.all_heads(tx)}
            after = _known(places, heads)
            if any(heads[slot] > seq for slot, seq in after.items()):
                found = await event_store.page(tx, after, limit)
                reached = _reached(after, found)
                return found, reached, any(heads[slot] > seq for slot, seq in reached.items())
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return [], after, False
        await watch.grown(heads, left)


def _known(places: Mapping[int, int], heads: Mapping[int, int]) -> dict[int, int]:
    for slot, seq in places.items():
        if slot not in heads or seq > heads[slot]:
            raise _faulty(f"{slot}:{seq}")
    return {slot: places.get(slot, 0) for slot in heads}


def _reached(after: Mapping[int, int], found: Sequence[Event]) -> dict[int, int]:
    reached = dict(after)
    for one in found:
        assert one.seq == reached[one.slot] + 1, "the feed has a gap"
        reached[one.slot] = one.seq
    return reached


def _faulty(message: str) -> Faulty:
    return Faulty(faults=[Fault("/query/after_seq", "PLACE_UNKNOWN", message)])
