"""The fourth step: a meeting approves many applications, and their pensions are opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.domain import require_faultless, require_not_future
from services.payout.common.flows import PersonKeys
from services.payout.draws import flows as draws_flow
from services.payout.entitlements.domain.change import (
    BankAccount,
    ChangeAction,
    ChangeDraft,
    ChangeStatus,
    PersonDraft,
)
from services.payout.entitlements.flows import change as change_flow
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.entitlements.store import rule as rule_store
from services.payout.qualifications.domain.check import KnownPerson
from services.payout.qualifications.domain.posting import QualificationMeeting
from services.payout.qualifications.domain.qualification import (
    Qualification,
    QualificationStatus,
    StepDecision,
    account_parts,
)
from services.payout.qualifications.domain.step import meeting_faults, step_faults
from services.payout.qualifications.flows import qualification as qualification_flow
from services.payout.qualifications.flows import signature as signature_flow
from services.payout.qualifications.flows.qualification import CheckingContext
from services.payout.qualifications.store import meeting as meeting_store
from services.payout.qualifications.store import qualification as qualification_store
from services.payout.raises.domain.fact import FactDraft, FactListStatus, new_fact_list
from services.payout.raises.flows import fact as fact_flow
from shared.errors import Fault, Faulty
from shared.ids import Ref
from shared.roles import Caller, Role

REASON = "new_pension"


async def hold(
    tx: AsyncConnection,
    meeting: QualificationMeeting,
    ids: Sequence[UUID],
    known: Mapping[Ref, KnownPerson],
    *,
    at: CheckingContext,
) -> QualificationMeeting:
    """Approve applications as a meeting, all or none, and open their pensions.

    The records were read just now: an application whose check would come out otherwise is named,
    and signed anew after another check. Each pension is a line of a paper that the person of the
    initial step proposes and the caller approves.

    Raises:
        DateInFuture: the meeting is of a later day. Forbidden: another district.
        Faulty: applications that are unknown, blocked, changed, or wait for another step.
        SamePersonTwice: the caller has signed one of them in this round.
    """
    require_not_future(meeting.held_on, at.today)
    await entitlement_store.lock_pensions(tx, alone=True)
    papers = await signature_flow.locked(tx, meeting.district, ids, caller=at.caller)
    require_faultless(step_faults(papers, StepDecision.APPROVE, at.caller))
    found = await qualification_flow.outcomes(tx, papers, known, at=at)
    require_faultless(meeting_faults(papers, found))
    days = (await rule_store.in_force(tx, at.today)).posting_days(BASIC_PENSION, meeting.district)
    stored = replace(meeting, posted_until=meeting.held_on + timedelta(days=days))
    await meeting_store.insert(tx, stored)
    await qualification_flow.record(
        tx, papers, "meeting_approved", at.caller, signs=True, why=meeting.document
    )
    changes = await _open_pensions(tx, papers, stored, at=at)
    await qualification_store.write_steps(
        tx,
        [
            replace(
                paper,
                status=QualificationStatus.APPROVED,
                step=None,
                meeting=stored.ref,
                change=changes[paper.ref],
            )
            for paper in papers
        ],
    )
    return stored


async def _open_pensions(
    tx: AsyncConnection,
    papers: Sequence[Qualification],
    meeting: QualificationMeeting,
    *,
    at: CheckingContext,
) -> dict[Ref, Ref]:
    """Open the pensions by papers of two of the four people; return each application's paper."""
    by_proposer: dict[str, list[tuple[int, Qualification]]] = defaultdict(list)
    for index, paper in enumerate(papers):
        assert paper.initial_by is not None
        by_proposer[paper.initial_by].append((index, paper))
    opened: dict[Ref, Ref] = {}
    for proposer, own in by_proposer.items():
        clerk = Caller(subject=proposer, role=Role.DISTRICT_CLERK, district=meeting.district)
        own_papers = [paper for _, paper in own]
        try:
            change = await _open(tx, own_papers, meeting, clerk, at=at)
            await draws_flow.state_parts(
                tx, account_parts([(one, one.outcome) for one in own_papers], change)
            )
            await _state_facts(tx, own_papers, meeting, clerk, at=at)
        except Faulty as refusal:
            raise Faulty(faults=_at_papers(refusal.faults, [index for index, _ in own])) from None
        opened |= dict.fromkeys([paper.ref for paper in own_papers], change)
    return opened


async def _open(
    tx: AsyncConnection,
    papers: Sequence[Qualification],
    meeting: QualificationMeeting,
    clerk: Caller,
    *,
    at: CheckingContext,
) -> Ref:
    draft = ChangeDraft(
        action=ChangeAction.REGISTER,
        district=meeting.district,
        reason=REASON,
        document=meeting.document,
        note="退休会审",
        people=[_person(paper, at.keys) for paper in papers],
    )
    change = await change_flow.propose(
        tx, draft, keys=at.keys, today=at.today, caller=clerk, computed=True
    )
    approved = ChangeStatus.APPROVED
    await change_flow.decide(
        tx, change.ref, approved, None, keys=at.keys, today=at.today, caller=at.caller
    )
    return change.ref


async def _state_facts(
    tx: AsyncConnection,
    papers: Sequence[Qualification],
    meeting: QualificationMeeting,
    clerk: Caller,
    *,
    at: CheckingContext,
) -> None:
    """State the month of retirement and the months paid, which raises ask for."""
    paper = new_fact_list(
        kind=BASIC_PENSION,
        district=meeting.district,
        document=meeting.document,
        people=len(papers),
        proposed_by=clerk.subject,
    )
    drafts = [
        FactDraft(
            identity_number=at.keys.cipher.open(one.sealed_number),
            retired_in=one.outcome.retirement,
            paid_months=one.outcome.paid_months,
        )
        for one in papers
    ]
    await fact_flow.propose(tx, paper, drafts, keys=at.keys, today=at.today, caller=clerk)
    await fact_flow.decide(tx, paper.ref, FactListStatus.APPROVED, None, caller=at.caller)


def _person(paper: Qualification, keys: PersonKeys) -> PersonDraft:
    return PersonDraft(
        identity_number=keys.cipher.open(paper.sealed_number),
        kind=BASIC_PENSION,
        name=keys.name.open(paper.name),
        monthly_fen=paper.outcome.monthly_fen,
        account=BankAccount(
            paper.bank,
            keys.bank_number.open(paper.bank_number),
            keys.bank_holder.open(paper.bank_holder),
        ),
        holder_reason=paper.holder_reason,
        since=paper.outcome.since,
    )


def _at_papers(faults: Sequence[Fault], places: Sequence[int]) -> list[Fault]:
    """Point faults of a paper's people at the applications of the request."""
    moved = []
    for fault in faults:
        _, list_name, index, *_ = [*fault.pointer.split("/"), "", ""]
        is_person = list_name == "people" and index.isdigit()
        pointer = f"/qualifications/{places[int(index)]}" if is_person else "/qualifications"
        moved.append(Fault(pointer, fault.code, fault.message))
    return moved


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[QualificationMeeting]:
    """Read meetings in order; `filters` are columns and the values they must have."""
    return await meeting_store.page(tx, filters=filters, after=after, limit=limit)


def draft_meeting(
    district: str, held_on: date, document: str, people: int, caller: Caller
) -> QualificationMeeting:
    """Build a meeting that is not stored yet."""
    return QualificationMeeting(
        ref=Ref.new(qualification_flow.qualification_key(district)),
        district=district,
        held_on=held_on,
        document=document,
        people=people,
        posted_until=held_on,
        held_by=caller.subject,
    )
