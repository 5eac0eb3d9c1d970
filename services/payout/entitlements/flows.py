"""Registering who is entitled to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import AskedPerson, faults_in_people, require_faultless
from services.payout.common.flows import People
from services.payout.entitlements import store as entitlements_store
from services.payout.entitlements.domain import Entitlement, faults_against_stored
from shared.ids import Ref
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class Registered:
    """How many rows are new, and how many were there already."""

    registered: int
    replayed: int


async def register(
    tx: AsyncConnection,
    asked: Sequence[AskedPerson],
    *,
    district: str,
    kind: str,
    people: People,
    today: date,
    caller: Caller,
) -> Registered:
    """Register a list, all or nothing; a row that is there with the same content is a repeat.

    Raises:
        Forbidden: another district's people.
        Faulty: every fault in the list.
    """
    caller.require_district(district)
    require_faultless(faults_in_people(asked, today))
    rows = [
        Entitlement(
            ref=Ref.new(people.key(one.identity_number)),
            blind=people.blind(one.identity_number),
            kind=kind,
            district=district,
            sealed_number=people.seal(one.identity_number),
            name=one.name,
            monthly_fen=one.monthly_fen,
            bank=one.bank,
            bank_number=one.bank_number,
            bank_holder=one.bank_holder,
            since=one.since,
        )
        for one in asked
    ]
    new = await entitlements_store.register(tx, rows, caller.subject)
    known = [row for row in rows if (row.ref.key, row.ref.id) not in new]
    if known:
        stored = await entitlements_store.stored_for(tx, known)
        require_faultless(faults_against_stored(rows, stored))
    return Registered(len(new), len(known))
