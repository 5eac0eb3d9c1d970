"""Looking back: the places in the chains up to which the books count, as a reader names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.voucher import CENTRE_SLOT
from services.ledger.flows.closing import PREFIX as CLOSING
from services.ledger.store import closing as closing_store
from services.ledger.store import head as head_store
from shared.errors import Fault, Faulty, NotFound
from shared.ids import Ref

_PLACES = re.compile(r"^(0|[1-9][0-9]{0,3}):(0|[1-9][0-9]{0,17})$")
_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


async def places(tx: AsyncConnection, known_at: str | None) -> Mapping[int, int] | None:
    """slot → last sequence number that counts; None when everything known now does.

    Args:
        tx: the reading transaction.
        known_at: "slot:seq,slot:seq" for every slot; or the id of a closing that was done (it kept
            the heads of that moment); or a day whose end was anchored.

    Raises:
        Faulty: not such a text, or a slot is missing, unknown or named twice.
        NotFound: no such closing or it is not done; no anchors of that day.
    """
    if known_at is None:
        return None
    if known_at.startswith(f"{CLOSING}_"):
        return await _of_closing(tx, known_at)
    slots = {slot for slot, _, _ in await head_store.all_heads(tx)}
    if _DAY.match(known_at):
        anchored = await closing_store.anchored(tx, _day(known_at))
        if set(anchored) != slots:
            raise NotFound(anchors_of=known_at)
        return anchored
    named: dict[int, int] = {}
    for part in known_at.split(","):
        found = _PLACES.match(part)
        if not found or int(found[1]) in named:
            raise _faulty(part[:40])
        named[int(found[1])] = int(found[2])
    if set(named) != slots:
        raise _faulty(f"须列全部记账单元 (every slot): {sorted(slots)}")
    return named


def _day(known_at: str) -> date:
    try:
        return date.fromisoformat(known_at)
    except ValueError:
        raise _faulty(known_at) from None


async def _of_closing(tx: AsyncConnection, known_at: str) -> Mapping[int, int]:
    reference = Ref.parse(CLOSING, known_at)
    closing = await closing_store.load(tx, reference.id) if reference.key == CENTRE_SLOT else None
    if closing is None or closing.heads is None:
        raise NotFound(known_at=known_at[:60])
    return {slot: seq for slot, (seq, _) in closing.heads.items()}


def _faulty(said: str) -> Faulty:
    return Faulty(faults=[Fault("/query/known_at", "KNOWN_AT_MALFORMED", said)])
