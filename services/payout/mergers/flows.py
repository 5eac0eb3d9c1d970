"""Applying the corrections of persons that collection reports, each once and in one transaction."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.flows import PersonKeys
from services.payout.draw_marks import store as draw_marks_store
from services.payout.entitlements.domain.entitlement import SuspensionReason
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.mergers.domain import (
    SecondLine,
    old_one_stays,
    second_events,
    second_months,
    suspension_of,
)
from services.payout.mergers.store import payment as payment_store
from services.payout.mergers.store import record as record_store
from services.payout.persons import store as persons_store
from services.payout.persons.domain import PersonCorrection


async def last_number(tx: AsyncConnection) -> int:
    """Read the number of the last correction that was applied; 0 before the first."""
    return await persons_store.last_number(tx)


async def apply(tx: AsyncConnection, correction: PersonCorrection, *, keys: PersonKeys) -> bool:
    """Apply a correction; return False if it was applied before.

    Runs, registrations, claims and batches that are being made come before it or after it.
    """
    await entitlement_store.lock_pensions(tx, alone=True)
    await persons_store.lock_people(tx, alone=True)
    sealed = keys.seal(correction.identity_number)
    name = keys.name.seal(correction.name)
    if not await persons_store.insert(tx, correction, sealed):
        return False
    survivor = correction.survivor.key, keys.blind(correction.identity_number)
    if correction.merges:
        seconds = await _merge(tx, correction, survivor, sealed, name)
        await payment_store.write_doubles(tx, correction, sealed, seconds)
    await record_store.correct(tx, survivor, name, sealed)
    return True


async def _merge(
    tx: AsyncConnection,
    correction: PersonCorrection,
    survivor: tuple[int, bytes],
    sealed: bytes,
    name: bytes,
) -> list[SecondLine]:
    """Give the survivor what the old record has; return the lines that pay a second time."""
    old, new = correction.person.key, correction.survivor.key
    blind = await record_store.blind_of(tx, correction.person)
    months: list[SecondLine] = []
    if blind is not None:
        old_stays = await _merge_entitlements(tx, correction, (old, blind), survivor, sealed, name)
        lines = await payment_store.shared_months(tx, (old, blind), survivor, BASIC_PENSION)
        months = second_months(lines, old_first=old_stays)
    lines, claimed = await payment_store.claimed_events(tx, old, new)
    events = second_events(lines, claimed)
    await payment_store.move_lines(tx, old, new)
    await payment_store.release_months(tx, old, new, months)
    await payment_store.release_events(tx, old, new, events)
    if blind is not None:
        await payment_store.move_months(tx, (old, blind), survivor)
        await payment_store.move_cases(tx, (old, blind), survivor, sealed)
        await record_store.know_again(tx, survivor, await entitlement_store.time_of_lock(tx))
        await draw_marks_store.of_people(tx, [(old, blind), survivor])
    await payment_store.move_events(tx, old, new)
    await payment_store.move_years(tx, old, new)
    return [*months, *events]


async def _merge_entitlements(
    tx: AsyncConnection,
    correction: PersonCorrection,
    old: tuple[int, bytes],
    survivor: tuple[int, bytes],
    sealed: bytes,
    name: bytes,
) -> bool:
    """Leave the person one entitlement; return True if it is the one of the old record."""
    await record_store.copy_proofs(tx, old, survivor)
    states = [await record_store.state(tx, *one, BASIC_PENSION) for one in (old, survivor)]
    old_stays = old_one_stays(*states)
    await record_store.set_ends_aside(tx, old, approved=False)
    if not old_stays:
        await record_store.suspend(tx, old, suspension_of(states[0]), correction.paper)
        return False
    await record_store.suspend(tx, survivor, suspension_of(states[1]), correction.paper)
    await record_store.set_ends_aside(tx, survivor, approved=True)
    await record_store.copy_rows(tx, old, survivor)
    await record_store.copy_ends(tx, old, survivor, name=name, sealed_number=sealed)
    await record_store.copy_suspensions(tx, old, survivor)
    await record_store.copy_accounts(tx, old, survivor)
    await record_store.copy_facts(tx, old, survivor)
    await record_store.copy_parts(tx, old, survivor)
    await record_store.suspend(tx, old, SuspensionReason.MERGED, correction.paper)
    return True
