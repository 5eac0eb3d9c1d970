"""Filing, checking and reading applications for retirement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.domain import identity_number_faults, require_faultless
from services.payout.common.flows import PersonKeys, record_reading
from services.payout.entitlements.domain.holder import holder_faults
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.entitlements.store import rule as rule_store
from services.payout.formulas.domain.person import PENSION, PensionQuestion
from services.payout.formulas.domain.row import RowBook
from services.payout.formulas.store import row as formula_row_store
from services.payout.persons import flows as persons_flow
from services.payout.persons import store as persons_store
from services.payout.qualifications.domain.check import (
    CheckRules,
    EarlierBenefits,
    KnownPerson,
    check,
    check_again,
)
from services.payout.qualifications.domain.qualification import (
    PAPER,
    CheckOutcome,
    PensionClaimFacts,
    Qualification,
    QualificationNotReturned,
    QualificationStatus,
    QualificationStep,
)
from services.payout.qualifications.store import qualification as qualification_store
from services.payout.qualifications.store.qualification import BlockedCount
from services.payout.withdrawals import store as withdrawals_store
from shared import trail
from shared.errors import Fault, NotFound
from shared.ids import Ref, key_of
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckingContext:
    """The day, the place, the caller and the keys of a request."""

    today: date
    place: str
    keys: PersonKeys
    caller: Caller


def qualification_key(district: str) -> int:
    """Compute the shard key of a district's applications, meetings and objections."""
    return key_of("qualification", district)


def applicant(number: str, keys: PersonKeys, today: date) -> Ref:
    """Compute the reference that collection gives a person.

    Raises:
        Faulty: the number is none.
    """
    require_faultless(identity_number_faults([("/identity_number", number)], today))
    return person_ref(keys.key(number), keys.blind(number))


def person_ref(person_id: int, blind: bytes) -> Ref:
    """Build the reference of a person from the keyed hash of the number."""
    return Ref(person_id, UUID(bytes=blind[8:24]))


async def file(
    tx: AsyncConnection,
    number: str,
    district: str,
    facts: PensionClaimFacts,
    known: KnownPerson,
    *,
    at: CheckingContext,
) -> Qualification:
    """File an application and check it; a blocked one is kept, and waits.

    Raises:
        Forbidden: another district's person.
        Faulty: the account's holder, the category or the number is wrong.
        QualificationExists: one of the person waits already.
    """
    at.caller.require_district(district)
    person_id, blind = at.keys.key(number), at.keys.blind(number)
    paper = Qualification(
        ref=Ref.new(qualification_key(district)),
        district=district,
        round=1,
        status=QualificationStatus.OPEN,
        step=QualificationStep.INITIAL,
        person_id=person_id,
        blind=blind,
        sealed_number=at.keys.seal(number),
        outcome=await _outcome_of(tx, person_id, blind, facts, known, at=at),
        note=None,
        filed_by=at.caller.subject,
        **await _given(tx, person_id, facts, known, at=at),
    )
    await qualification_store.insert(tx, paper)
    await record(tx, [paper], "filed", at.caller, signs=False)
    return paper


async def resubmit(
    tx: AsyncConnection,
    ref: Ref,
    facts: PensionClaimFacts,
    known: KnownPerson,
    *,
    at: CheckingContext,
) -> Qualification:
    """Hand a returned application in again with corrected facts; its four people sign anew.

    Raises:
        NotFound, Forbidden: see `find`. QualificationNotReturned: it was not returned.
        Faulty: see `file`.
    """
    paper = await find(tx, ref, caller=at.caller, lock=True)
    if paper.status is not QualificationStatus.RETURNED:
        raise QualificationNotReturned(status=paper.status.value)
    again = replace(
        paper,
        status=QualificationStatus.OPEN,
        step=QualificationStep.INITIAL,
        round=paper.round + 1,
        initial_by=None,
        note=None,
        outcome=await _outcome_of(tx, paper.person_id, paper.blind, facts, known, at=at),
        **await _given(tx, paper.person_id, facts, known, at=at),
    )
    await qualification_store.resubmit(tx, again)
    await record(tx, [again], "resubmitted", at.caller, signs=False)
    return again


async def _given(
    tx: AsyncConnection,
    person_id: int,
    facts: PensionClaimFacts,
    known: KnownPerson,
    *,
    at: CheckingContext,
) -> dict[str, Any]:
    """Check what an applicant hands in, and seal it. The name is collection's."""
    known.record.require_own(at.caller)
    await persons_flow.require_right_numbers(tx, [("/identity_number", person_id)], at.keys)
    faults = holder_faults("", known.name, facts.account.holder, facts.holder_reason)
    reasons = (await rule_store.in_force(tx, at.today)).holder_reasons()
    if facts.holder_reason is not None and facts.holder_reason not in reasons:
        message = f"须为 {'、'.join(sorted(reasons))} 之一 (one of these)"
        faults.append(Fault("/holder_reason", "HOLDER_REASON_UNKNOWN", message))
    require_faultless(faults)
    return {
        "name": at.keys.name.seal(known.name),
        "category": facts.category,
        "chosen": facts.chosen,
        "deemed_months": facts.deemed_months,
        "before_account_months": facts.before_account_months,
        "bank": facts.account.bank,
        "bank_number": at.keys.bank_number.seal(facts.account.number),
        "bank_holder": at.keys.bank_holder.seal(facts.account.holder),
        "holder_reason": facts.holder_reason,
        "document": facts.document,
    }


async def _outcome_of(
    tx: AsyncConnection,
    person_id: int,
    blind: bytes,
    facts: PensionClaimFacts,
    known: KnownPerson,
    *,
    at: CheckingContext,
) -> CheckOutcome:
    question = PensionQuestion(
        category=facts.category,
        chosen=facts.chosen,
        deemed_months=facts.deemed_months,
        before_account_months=facts.before_account_months,
    )
    earlier = await _earlier_benefits(tx, [(person_id, blind)])
    rules = await check_rules(tx, at)
    return check(rules, at.today, known, question, earlier=earlier[person_id, blind])


async def _earlier_benefits(
    tx: AsyncConnection, people: Sequence[tuple[int, bytes]]
) -> dict[tuple[int, bytes], EarlierBenefits]:
    """Read the pensions of people, and the claims over the accounts of all their records."""
    drawing = await entitlement_store.drawing(tx, people, BASIC_PENSION)
    owner = await persons_store.owners(tx, [person_id for person_id, _ in people])
    claims: dict[int, list[str]] = defaultdict(list)
    for one in await withdrawals_store.of_people(tx, list(owner), PENSION):
        claims[owner[one.person_id]].append(one.paper)
    return {
        person: EarlierBenefits(person in drawing, tuple(claims[person[0]])) for person in people
    }


async def check_rules(tx: AsyncConnection, at: CheckingContext) -> CheckRules:
    """Read the formula rows of the place and the rules of the day."""
    rules = await rule_store.in_force(tx, at.today)
    rows = await formula_row_store.in_force(tx, at.place)
    return CheckRules(book=RowBook(rows, at.place), waivable=rules.waivable())


async def outcomes(
    tx: AsyncConnection,
    papers: Sequence[Qualification],
    known: Mapping[Ref, KnownPerson],
    *,
    at: CheckingContext,
) -> dict[Ref, CheckOutcome]:
    """Check stored applications against records that were read just now, where there are any."""
    rules = await check_rules(tx, at)
    earlier = await _earlier_benefits(tx, [(paper.person_id, paper.blind) for paper in papers])
    return {
        paper.ref: check_again(
            rules,
            at.today,
            known.get(person_ref(paper.person_id, paper.blind)),
            PensionQuestion(
                category=paper.category,
                chosen=paper.chosen,
                deemed_months=paper.deemed_months,
                before_account_months=paper.before_account_months,
            ),
            earlier=earlier[paper.person_id, paper.blind],
            before=paper.outcome,
        )
        for paper in papers
    }


async def to_check(
    tx: AsyncConnection,
    district: str,
    ids: Sequence[UUID] | None,
    *,
    limit: int,
    caller: Caller,
) -> list[Qualification]:
    """Read the applications of a district that a check is asked for, or those that wait longest.

    Raises:
        Forbidden: another district.
    """
    caller.require_district(district)
    key = qualification_key(district)
    if ids is None:
        ids = await qualification_store.waiting(tx, key, district, limit)
    return list((await qualification_store.load_all(tx, key, ids)).values())


async def recheck(
    tx: AsyncConnection,
    papers: Sequence[Qualification],
    known: Mapping[Ref, KnownPerson],
    *,
    at: CheckingContext,
) -> list[Qualification]:
    """Check applications again and store the outcome. A changed one loses its signatures."""
    if not papers:
        return []
    ids = [paper.ref.id for paper in papers]
    stored = await qualification_store.load_all(tx, papers[0].ref.key, ids, lock=True)
    waiting = [
        paper
        for paper in stored.values()
        if paper.status in {QualificationStatus.OPEN, QualificationStatus.RETURNED}
    ]
    found = await outcomes(tx, waiting, known, at=at)
    checked = [_with_outcome(paper, found[paper.ref]) for paper in waiting]
    if checked:
        await qualification_store.write_outcomes(tx, checked)
        await record(tx, checked, "checked", at.caller, signs=False)
    return checked


def _with_outcome(paper: Qualification, outcome: CheckOutcome) -> Qualification:
    changed = outcome.signed_content != paper.outcome.signed_content
    signed = paper.status is QualificationStatus.OPEN and paper.initial_by is not None
    if not (changed and signed):
        return replace(paper, outcome=outcome)
    return replace(
        paper,
        outcome=outcome,
        round=paper.round + 1,
        step=QualificationStep.INITIAL,
        initial_by=None,
    )


async def find(
    tx: AsyncConnection, ref: Ref, *, caller: Caller, lock: bool = False
) -> Qualification:
    """Read an application that the caller may see; `lock` it before changing it.

    Raises:
        NotFound: no such application.
        Forbidden: another district's.
    """
    paper = await qualification_store.load(tx, ref, lock=lock)
    if paper is None:
        raise NotFound(qualification=ref.text(Reference.QUALIFICATION))
    caller.require_district(paper.district)
    return paper


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    reason: str | None,
    after: UUID | None,
    limit: int,
) -> list[Qualification]:
    """Read applications in order of filing; `filters` are columns, `reason` one that blocks."""
    return await qualification_store.page(
        tx, filters=filters, reason=reason, after=after, limit=limit
    )


async def blocked(
    tx: AsyncConnection, district: str | None, *, caller: Caller
) -> list[BlockedCount]:
    """Count applications that wait by the reasons that block them.

    Raises:
        Forbidden: a district caller asked for another district.
    """
    return await qualification_store.blocked(tx, caller.scope(district))


async def read_account(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> Qualification:
    """Read an application whose whole account is shown; the trail names the reader.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    paper = await find(tx, ref, caller=caller)
    await record_reading(tx, PAPER, ref, "account_read", [1], caller)
    return paper


async def steps(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> list[dict[str, Any]]:
    """Read the trail of an application that the caller may see.

    Raises:
        NotFound, Forbidden: see `find`.
    """
    await find(tx, ref, caller=caller)
    return await trail.of_paper(tx, ref.key, ref.id)


async def record(
    tx: AsyncConnection,
    papers: Sequence[Qualification],
    step: str,
    caller: Caller,
    *,
    signs: bool,
    why: str | None = None,
) -> None:
    """Write one step on many applications, each in its round.

    Raises:
        SamePersonTwice: a signing caller has signed one of them in this round.
    """
    named = [(paper.ref.key, paper.ref.id, paper.round) for paper in papers]
    first = trail.Step(
        shard_key=0, paper=PAPER, paper_id=UUID(int=0), step=step, signs=signs, why=why
    )
    await trail.record_many(tx, named, first, caller)
