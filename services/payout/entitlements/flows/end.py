"""Proposing, deciding and reading ends of entitlements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.draw_marks import store as draw_marks_store
from services.payout.entitlements.domain.end import (
    PAPER,
    EndDecided,
    EndDraft,
    EndStatus,
    EntitlementEnd,
    PaidMonth,
    end_faults,
    paying_row,
)
from services.payout.entitlements.store import end as end_store
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.persons import flows as persons_flow
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class EndDetail:
    """An end with the months after it that were paid already and must be recovered."""

    end: EntitlementEnd
    paid_after: list[PaidMonth]


async def propose(
    tx: AsyncConnection, draft: EndDraft, *, keys: PersonKeys, today: date, caller: Caller
) -> EndDetail:
    """Propose the end of a person's entitlement; it has no effect until another person approves.

    Raises:
        Forbidden: another district's person.
        Faulty: every fault in the request, or a number that was corrected.
        EntitlementUnknown, EntitlementElsewhere: see `paying_row`.
        EndExists: an end waits already, or one with this month is approved.
    """
    caller.require_district(draft.district)
    require_faultless(end_faults(draft, today))
    person_id, blind = keys.key(draft.identity_number), keys.blind(draft.identity_number)
    await entitlement_store.lock_pensions(tx, alone=False)
    await persons_flow.require_right_numbers(tx, [("/identity_number", person_id)], keys)
    rows = await entitlement_store.of_person(tx, person_id, blind, draft.kind)
    row = paying_row(rows, draft)
    end = EntitlementEnd(
        ref=Ref.new(person_id),
        blind=blind,
        kind=draft.kind,
        district=draft.district,
        sealed_number=row.sealed_number,
        name=row.name,
        last_period=draft.last_period,
        reason=draft.reason.value,
        note=draft.note,
        status=EndStatus.PROPOSED,
        proposed_by=caller.subject,
    )
    await end_store.insert(tx, end)
    await _record(tx, end, "proposed", caller, why=draft.note)
    return await _detail(tx, end)


async def decide(
    tx: AsyncConnection, ref: Ref, status: EndStatus, note: str | None, *, caller: Caller
) -> EndDetail:
    """Approve or refuse a proposed end.

    An approval waits for a pension run in progress, so that a run sees the end or is seen by it.

    Raises:
        NotFound: no such end.
        Forbidden: another district's.
        EndDecided: it is decided already.
        SamePersonTwice: the caller proposed it.
    """
    await entitlement_store.lock_pensions(tx, alone=False)
    end = await end_store.load(tx, ref, lock=True)
    if end is None:
        raise NotFound(entitlement_end=ref.text(Reference.ENTITLEMENT_END))
    caller.require_district(end.district)
    if end.status is not EndStatus.PROPOSED:
        raise EndDecided(status=end.status.value)
    await _record(tx, end, status.value, caller, why=note)
    instant = await entitlement_store.time_of_lock(tx)
    await end_store.decide(tx, ref, status, caller.subject, instant)
    await draw_marks_store.of_people(tx, [(end.ref.key, end.blind)])
    return await _detail(tx, replace(end, status=status))


async def find(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> EndDetail:
    """Read an end that the caller may see.

    Raises:
        NotFound: no such end.
        Forbidden: another district's.
    """
    end = await end_store.load(tx, ref)
    if end is None:
        raise NotFound(entitlement_end=ref.text(Reference.ENTITLEMENT_END))
    caller.require_district(end.district)
    return await _detail(tx, end)


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[EntitlementEnd]:
    """Read ends in order of proposal; `filters` are columns and the values they must have."""
    return await end_store.page(tx, filters=filters, after=after, limit=limit)


async def _detail(tx: AsyncConnection, end: EntitlementEnd) -> EndDetail:
    return EndDetail(end, await end_store.paid_after(tx, end))


async def _record(
    tx: AsyncConnection, end: EntitlementEnd, step: str, caller: Caller, *, why: str | None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=end.ref.key,
            paper=PAPER,
            paper_id=end.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={"last_period": str(end.last_period), "reason": end.reason},
        ),
        caller,
    )
