"""Correcting provisional pensions of a district at once, by a paper of two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.entitlements.domain.change import ChangeAction, ChangeDraft, PersonDraft
from services.payout.entitlements.flows import change as change_flow
from services.payout.qualifications.domain.check import KnownPerson
from services.payout.qualifications.domain.qualification import AT_ONCE, Qualification
from services.payout.qualifications.domain.recalculation import (
    NothingPublished,
    Recalculation,
    RecalculationProposal,
    recalculated,
)
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.flows.qualification import CheckingContext
from services.payout.qualifications.store import recalculation as recalculation_store
from shared.ids import Ref
from shared.roles import Caller

REASON = "average_published"


async def provisional(
    tx: AsyncConnection, district: str, *, after: UUID | None, limit: int, caller: Caller
) -> list[Qualification]:
    """Read a district's provisional pensions that no paper corrects, by id, after one.

    Raises:
        Forbidden: another district.
    """
    caller.require_district(district)
    key = qualification_flow.qualification_key(district)
    return await recalculation_store.provisional(tx, key, after=after, limit=limit)


async def propose(
    tx: AsyncConnection,
    district: str,
    document: str,
    papers: Sequence[Qualification],
    known: Mapping[Ref, KnownPerson],
    *,
    at: CheckingContext,
) -> RecalculationProposal:
    """Propose one paper that corrects those pensions whose figures are published now.

    The paper has no effect until another person approves it. The next run then pays the differences
    of past months; where the final amount is lower, they are overpaid and recovered.

    Raises:
        Forbidden: another district.
        NothingPublished: of nobody.
        Faulty: see `change_flow.propose`.
    """
    at.caller.require_district(district)
    rules = await qualification_flow.check_rules(tx, at)
    waiting = {
        paper.ref
        for paper in await provisional(
            tx, district, after=None, limit=2 * AT_ONCE, caller=at.caller
        )
    }
    found = [
        one
        for paper in papers
        if paper.ref in waiting
        and (
            one := recalculated(
                rules, paper, known[qualification_flow.person_ref(paper.person_id, paper.blind)]
            )
        )
    ]
    if not found:
        raise NothingPublished(district=district, waiting=len(waiting))
    months = await recalculation_store.paid_months(tx, [one.paper for one in found], BASIC_PENSION)
    items = [replace(one, paid_months=months.get(one.paper.ref.id, 0)) for one in found]
    draft = ChangeDraft(
        action=ChangeAction.RECALCULATE,
        district=district,
        reason=REASON,
        document=document,
        note=None,
        people=[_person(one, at) for one in items],
    )
    change = await change_flow.propose(
        tx, draft, keys=at.keys, today=at.today, caller=at.caller, computed=True
    )
    await recalculation_store.insert(tx, change.ref, items)
    return RecalculationProposal(change=change.ref, waiting=len(waiting) - len(items), items=items)


def _person(one: Recalculation, at: CheckingContext) -> PersonDraft:
    return PersonDraft(
        identity_number=at.keys.cipher.open(one.paper.sealed_number),
        kind=BASIC_PENSION,
        monthly_fen=one.after_fen,
        since=one.paper.outcome.since,
    )
