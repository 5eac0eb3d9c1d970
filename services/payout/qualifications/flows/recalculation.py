"""Correcting provisional pensions of a district at once, by a paper of two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.draws import flows as draws_flow
from services.payout.entitlements.domain.change import ChangeAction, ChangeDraft, PersonDraft
from services.payout.entitlements.flows import change as change_flow
from services.payout.persons import store as persons_store
from services.payout.qualifications.domain.check import KnownPerson
from services.payout.qualifications.domain.qualification import (
    AT_ONCE,
    Qualification,
    account_parts,
)
from services.payout.qualifications.domain.recalculation import (
    NothingPublished,
    Recalculation,
    RecalculationProposal,
    SkippedRecalculation,
    recalculated,
    without_faulty,
)
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.flows.qualification import CheckingContext
from services.payout.qualifications.store import recalculation as recalculation_store
from shared.errors import Fault, Faulty
from shared.ids import Ref
from shared.references import Reference
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculationBatch:
    """The provisional pensions that one request computes again, each under its person's number of
    now; `following` is the last of them if there are more."""

    district: str
    after: UUID | None
    papers: Sequence[Qualification]
    following: Ref | None


async def batch(
    tx: AsyncConnection, district: str, *, after: UUID | None, at: CheckingContext
) -> RecalculationBatch:
    """Read the provisional pensions of a district to compute again, by id, after one.

    Raises:
        Forbidden: another district.
    """
    found = await provisional(tx, district, after=after, limit=AT_ONCE + 1, caller=at.caller)
    papers = found[:AT_ONCE]
    return RecalculationBatch(
        district=district,
        after=after,
        papers=await _of_survivors(tx, papers, at),
        following=papers[-1].ref if len(found) > AT_ONCE else None,
    )


async def _of_survivors(
    tx: AsyncConnection, papers: Sequence[Qualification], at: CheckingContext
) -> list[Qualification]:
    """Put the surviving record in the place of a merged one: the pension is the survivor's now."""
    found = list(papers)
    while right := await persons_store.merged(tx, [paper.person_id for paper in found]):
        found = [_renumbered(paper, right.get(paper.person_id), at) for paper in found]
    return found


def _renumbered(paper: Qualification, sealed: bytes | None, at: CheckingContext) -> Qualification:
    if sealed is None:
        return paper
    number = at.keys.cipher.open(sealed)
    return replace(
        paper,
        person_id=at.keys.key(number),
        blind=at.keys.blind(number),
        sealed_number=sealed,
    )


async def propose(
    tx: AsyncConnection,
    document: str,
    batch: RecalculationBatch,
    known: Mapping[Ref, KnownPerson],
    *,
    at: CheckingContext,
) -> RecalculationProposal:
    """Propose one paper that corrects those pensions whose figures are published now; whoever cannot
    be corrected is left out and named.

    The paper has no effect until another person approves it. The next run then pays the differences
    of past months; where the final amount is lower, they are overpaid and recovered.

    Raises:
        Forbidden: another district.
        NothingPublished: of nobody.
        Faulty: see `change_flow.propose`.
    """
    rules = await qualification_flow.check_rules(tx, at)
    open_now = {
        paper.ref
        for paper in await provisional(
            tx, batch.district, after=batch.after, limit=2 * AT_ONCE, caller=at.caller
        )
    }
    results = [
        recalculated(
            rules, paper, known.get(qualification_flow.person_ref(paper.person_id, paper.blind))
        )
        for paper in batch.papers
        if paper.ref in open_now
    ]
    skipped = [one for one in results if isinstance(one, SkippedRecalculation)]
    found = [one for one in results if isinstance(one, Recalculation)]
    waiting = len(results) - len(found) - len(skipped)
    change, found, faulty = await _proposed(tx, batch.district, document, found, at)
    skipped += faulty
    if change is None:
        raise NothingPublished(
            faults=[_skip_fault(one) for one in skipped],
            district=batch.district,
            waiting=waiting,
            following=batch.following and batch.following.text(Reference.QUALIFICATION),
        )
    months = await recalculation_store.paid_months(tx, [one.paper for one in found], BASIC_PENSION)
    items = [replace(one, paid_months=months.get(one.paper.ref.id, 0)) for one in found]
    await recalculation_store.insert(tx, change, items)
    await draws_flow.state_parts(
        tx, account_parts([(one.paper, one.after) for one in items], change)
    )
    return RecalculationProposal(
        change=change, waiting=waiting, items=items, skipped=skipped, following=batch.following
    )


async def _proposed(
    tx: AsyncConnection,
    district: str,
    document: str,
    items: list[Recalculation],
    at: CheckingContext,
) -> tuple[Ref | None, list[Recalculation], list[SkippedRecalculation]]:
    """Propose the paper without the people whose entitlement stands against it; none, no paper."""
    skipped: list[SkippedRecalculation] = []
    while items:
        draft = _draft(district, document, items, at)
        try:
            async with tx.begin_nested():
                change = await change_flow.propose(
                    tx, draft, keys=at.keys, today=at.today, caller=at.caller, computed=True
                )
            return change.ref, items, skipped
        except Faulty as refusal:
            parted = without_faulty(items, refusal.faults)
            if not parted:
                raise
            items, faulty = parted
            skipped += faulty
    return None, items, skipped


def _skip_fault(one: SkippedRecalculation) -> Fault:
    paper = one.paper.ref.text(Reference.QUALIFICATION)
    return Fault("/district", one.reason.value.upper(), f"{paper} {one.detail}".strip())


def _draft(
    district: str, document: str, items: Sequence[Recalculation], at: CheckingContext
) -> ChangeDraft:
    return ChangeDraft(
        action=ChangeAction.RECALCULATE,
        district=district,
        reason=REASON,
        document=document,
        note=None,
        people=[_person(one, at) for one in items],
    )


def _person(one: Recalculation, at: CheckingContext) -> PersonDraft:
    return PersonDraft(
        identity_number=at.keys.cipher.open(one.paper.sealed_number),
        kind=BASIC_PENSION,
        monthly_fen=one.after_fen,
        since=one.paper.outcome.since,
    )
