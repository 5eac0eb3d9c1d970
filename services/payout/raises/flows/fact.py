"""Proposing and deciding lists of facts of pensioners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.persons import flows as persons_flow
from services.payout.raises.domain.fact import (
    PAPER,
    FactDraft,
    FactList,
    FactListDecided,
    FactListStatus,
    fact_faults,
    unknown_faults,
)
from services.payout.raises.flows import pension_raise as pension_raise_flow
from services.payout.raises.store import fact as fact_store
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


async def propose(
    tx: AsyncConnection,
    paper: FactList,
    drafts: Sequence[FactDraft],
    *,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> FactList:
    """Propose a list, all or nothing; it counts once another person approves it.

    Raises:
        Forbidden: another district's people.
        Faulty: every fault in the list; people whose number was corrected, or without a pension.
    """
    caller.require_district(paper.district)
    require_faultless(fact_faults(drafts, today))
    people = [(keys.key(one.identity_number), keys.blind(one.identity_number)) for one in drafts]
    pointed = [
        (f"/people/{index}/identity_number", person_id)
        for index, (person_id, _) in enumerate(people)
    ]
    await persons_flow.require_right_numbers(tx, pointed, keys)
    known = await fact_store.known(tx, paper.kind, paper.district, people)
    require_faultless(unknown_faults(known))
    await fact_store.insert(tx, paper, people, drafts)
    await _record(tx, paper, "proposed", caller, why=None)
    return paper


async def decide(
    tx: AsyncConnection, ref: Ref, status: FactListStatus, note: str | None, *, caller: Caller
) -> FactList:
    """Approve or refuse a list. Approved facts count at once, in raises of before too.

    Raises:
        NotFound: no such list.
        Forbidden: another district's.
        FactListDecided: it is decided already.
        SamePersonTwice: the caller proposed it.
    """
    await entitlement_store.lock_pensions(tx, alone=True)
    paper = await fact_store.load(tx, ref, lock=True)
    if paper is None:
        raise NotFound(pension_fact_list=ref.text(Reference.PENSION_FACT_LIST))
    caller.require_district(paper.district)
    if paper.status is not FactListStatus.PROPOSED:
        raise FactListDecided(status=paper.status.value)
    await _record(tx, paper, status.value, caller, why=note)
    at = await entitlement_store.time_of_lock(tx)
    await fact_store.decide(tx, ref, status, person=caller.subject, at=at)
    if status is FactListStatus.APPROVED:
        people = await fact_store.make_current(tx, ref)
        await pension_raise_flow.raise_again(tx, kind=paper.kind, person_ids=people)
    return replace(paper, status=status)


async def find(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> FactList:
    """Read a list that the caller may see.

    Raises:
        NotFound: no such list.
        Forbidden: another district's.
    """
    paper = await fact_store.load(tx, ref)
    if paper is None:
        raise NotFound(pension_fact_list=ref.text(Reference.PENSION_FACT_LIST))
    caller.require_district(paper.district)
    return paper


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[FactList]:
    """Read lists in order of proposal; `filters` are columns and the values they must have."""
    return await fact_store.page(tx, filters=filters, after=after, limit=limit)


async def _record(
    tx: AsyncConnection, paper: FactList, step: str, caller: Caller, *, why: str | None
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=paper.ref.key,
            paper=PAPER,
            paper_id=paper.ref.id,
            step=step,
            signs=True,
            why=why,
            detail={"people": paper.people, "document": paper.document},
        ),
        caller,
    )
