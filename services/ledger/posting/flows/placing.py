"""The slots of the drafts of a request, once owners' slots are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from sqlalchemy.exc import DBAPIError, IntegrityError

from services.ledger.common.domain.refusal import OutcomeUnknown
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import Draft
from services.ledger.posting.store import owner_slot as owner_slot_store
from shared.db import Database
from shared.process.outage import outage_of


async def placed(
    db: Database, slots: SlotMap, drafts: Sequence[Draft], *, rehearse: bool
) -> list[Draft]:
    """Give each draft the slot of its owner. A new owner gets one for good, unless in rehearsal.

    The owners that the process does not know are read in one statement. A reversal stays in the slot
    of its original.

    Raises:
        OutcomeUnknown: the database is away; nothing was booked.
    """
    owners = {draft.owner for draft in drafts if draft.reverses_seq is None}
    # Taken before the memory may forget them: an owner that is known has no other slot than this.
    places = {owner: slots.of(owner) for owner in owners if slots.is_known(owner)}
    if unknown := sorted(owners - places.keys()):
        try:
            stored = await _stored(db, slots, unknown, rehearse=rehearse)
        except (OSError, DBAPIError) as error:
            outage = outage_of(error)
            if outage is None:
                raise
            raise OutcomeUnknown(reason=outage.value) from error
        slots.remember(stored)
        places |= {owner: slots.new(owner) for owner in unknown} | stored
    return [_placed(places, draft) for draft in drafts]


async def _stored(
    db: Database, slots: SlotMap, owners: Sequence[str], *, rehearse: bool
) -> dict[str, int]:
    while True:
        found = await db.run(lambda tx: owner_slot_store.load(tx, owners))
        new = {owner: slots.new(owner) for owner in owners if owner not in found}
        if rehearse or not new:
            return found
        # Another process may store some of them at the same time: then its slots are read.
        with suppress(IntegrityError):
            await db.run(partial(owner_slot_store.store, slots=new))


def _placed(places: Mapping[str, int], draft: Draft) -> Draft:
    if draft.reverses_seq is not None:
        return draft
    slot = places[draft.owner]
    return draft if slot == draft.slot else replace(draft, slot=slot)
