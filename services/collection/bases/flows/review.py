"""Review a unit's bases for a year (缴费基数核定): submit and decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.bases import store as bases_store
from services.collection.bases.domain import (
    ReviewedPerson,
    ReviewFile,
    ReviewReason,
    personal_bases,
    refusals,
    unit_base_fen,
)
from services.collection.bases.store import BasePersonRow, ReviewRow
from services.collection.common.domain.errors import (
    BaseFrozen,
    BaseReviewWaits,
    NoBaseToCarry,
)
from services.collection.common.domain.faults import repeated_people
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from services.collection.register.domain.person import id_of_person, number_fault
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import person as person_store
from shared import trail
from shared.cn import identity_number
from shared.errors import Fault, Faulty, NotFound, StateConflict
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "base_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """A submitted review. `people` is empty when last year's bases carry on."""

    year: int
    reason: ReviewReason
    from_period: Period
    provisional: bool
    unit_wage_total_fen: int
    file: ReviewFile
    people: Sequence[ReviewedPerson]


async def submit(
    tx: AsyncConnection,
    credit_code: str,
    request: ReviewRequest,
    *,
    region: str,
    pepper: bytes,
    caller: Caller,
) -> ReviewRow:
    """Store a review, or refuse it with every reason.

    Raises:
        UnitUnknown, Forbidden, NoPolicy: bases cannot be set. Faulty: every fault, 四不接收 included.
        BaseFrozen, BaseReviewWaits: the year's bases are set, or a review of them is open.
        NoBaseToCarry: provisional, and last year has no bases.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    earlier = await bases_store.of_year(tx, unit.id, request.year)
    _refuse_frozen(request, earlier)
    version = len(earlier) + 1
    if request.provisional:
        row, last = await _carry_on(tx, unit, request, version)
        await _store(tx, row, {}, caller)
        await bases_store.carry_people(tx, row, last)
        return row
    found = await policy_flow.in_force(tx, region, request.from_period.first_day)
    ids = [id_of_person(person.identity_number, pepper) for person in request.people]
    faults = [*_faults(request, ids), *await _not_enrolled(tx, unit, request, ids)]
    if faults:
        raise Faulty(faults=faults)
    bases = [personal_bases(found.policy, person.wage_fen) for person in request.people]
    row = _row(unit, request, version, found.id, _sum(found.policy, request, bases))
    await _store(tx, row, _file(request.file), caller)
    await bases_store.copy_people(
        tx,
        [
            (
                row.unit_id,
                row.id,
                number,
                person_id,
                identity_number.masked(person.identity_number),
                person.standing.value,
                person.wage_fen,
                base if person.standing.is_insured else [0] * len(base),
            )
            for number, (person, person_id, base) in enumerate(
                zip(request.people, ids, bases, strict=True), 1
            )
        ],
    )
    return row


def _refuse_frozen(request: ReviewRequest, earlier: Sequence[ReviewRow]) -> None:
    """Refuse bases that are frozen for the year: only a transfer, split or merger reopens them,
    and a final review replaces a provisional one."""
    if any(row.status == "submitted" for row in earlier):
        raise BaseReviewWaits(year=request.year)
    current = review_in_force(earlier)
    if current is None or request.reason is not ReviewReason.ANNUAL:
        return
    if request.provisional or not current.provisional:
        raise BaseFrozen(
            year=request.year, review=Ref(current.unit_id, current.id).text(Reference.BASE_REVIEW)
        )


def review_in_force(rows: Sequence[ReviewRow], period: str | None = None) -> ReviewRow | None:
    """Return the review in force for a period: the last confirmed one that begins by then."""
    confirmed = [
        row
        for row in rows
        if row.status == "confirmed" and (period is None or row.from_period <= period)
    ]
    return confirmed[-1] if confirmed else None


def _faults(request: ReviewRequest, ids: Sequence[int]) -> Iterator[Fault]:
    insured = sum(person.standing.is_insured for person in request.people)
    yield from refusals(request.file, insured)
    if insured == 0:
        yield Fault("/people", "NOBODY_INSURED", "没有参保职工 (no insured person is listed)")
    yield from repeated_people(ids)


async def _not_enrolled(
    tx: AsyncConnection, unit: Unit, request: ReviewRequest, ids: Sequence[int]
) -> list[Fault]:
    """Find insured people who are not enrolled, and invalid numbers of those who only count."""
    days = request.from_period.first_day, request.from_period.last_day
    enrolled = await person_store.enrolled_in(tx, unit.id, ids, *days)
    faults = []
    for number, (person, person_id) in enumerate(zip(request.people, ids, strict=True)):
        at = f"/people/{number}/identity_number"
        fault = number_fault(person.identity_number, at)
        if fault is None and person.standing.is_insured and person_id not in enrolled:
            fault = Fault(
                at,
                "PERSON_NOT_ENROLLED",
                "该单位未参保此人 (this person is not enrolled in the unit)",
            )
        if fault is not None:
            faults.append(fault)
    return faults


def _sum(policy: Policy, request: ReviewRequest, bases: Sequence[Sequence[int]]) -> int:
    """Return the sum of personal bases of pension, or of the policy's first insurance."""
    names = policy.insurances
    column = names.index("pension") if "pension" in names else 0
    return sum(
        base[column]
        for person, base in zip(request.people, bases, strict=True)
        if person.standing.is_insured
    )


def _row(
    unit: Unit, request: ReviewRequest, version: int, policy_id: UUID, sum_fen: int
) -> ReviewRow:
    counted = [person for person in request.people if not person.standing.is_insured]
    counted_fen = sum(person.wage_fen for person in counted)
    return ReviewRow(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        year=request.year,
        version=version,
        reason=request.reason.value,
        from_period=str(request.from_period),
        provisional=False,
        status="submitted",
        policy_id=policy_id,
        unit_kind=unit.kind,
        people=len(request.people) - len(counted),
        counted_only=len(counted),
        wage_total_fen=request.unit_wage_total_fen,
        counted_only_fen=counted_fen,
        personal_sum_fen=sum_fen,
        unit_base_fen=unit_base_fen(
            unit.kind,
            wage_total_fen=request.unit_wage_total_fen,
            counted_only_fen=counted_fen,
            personal_sum_fen=sum_fen,
        ),
    )


async def _carry_on(
    tx: AsyncConnection, unit: Unit, request: ReviewRequest, version: int
) -> tuple[ReviewRow, ReviewRow]:
    """Carry last year's bases on until the average wage is published; return new and old review."""
    last = review_in_force(await bases_store.of_year(tx, unit.id, request.year - 1))
    if last is None:
        raise NoBaseToCarry(year=request.year - 1)
    row = replace(
        last,
        id=uuid7(),
        district=unit.district,
        year=request.year,
        version=version,
        reason=request.reason.value,
        from_period=str(request.from_period),
        provisional=True,
        status="submitted",
    )
    return row, last


async def _store(tx: AsyncConnection, row: ReviewRow, file: dict[str, Any], caller: Caller) -> None:
    if not await bases_store.insert(tx, row, file):
        raise BaseReviewWaits(year=row.year)
    await trail.record(tx, _step(row, "submit", signs=True), caller)


def _file(file: ReviewFile) -> dict[str, Any]:
    return {
        "documents": list(file.documents),
        "posted_on": file.posted_on and file.posted_on.isoformat(),
        "signed_people": file.signed_people,
        "undertaking_on": file.undertaking_on and file.undertaking_on.isoformat(),
    }


def _step(row: ReviewRow, step: str, *, signs: bool, why: str | None = None) -> trail.Step:
    return trail.Step(
        shard_key=row.unit_id, paper=PAPER, paper_id=row.id, step=step, signs=signs, why=why
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ReviewRow:
    """Return a review that the caller may see.

    Raises:
        NotFound: no such review. Forbidden: it belongs to another district.
    """
    row = await bases_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(base_review=ref.text(Reference.BASE_REVIEW))
    caller.require_district(row.district)
    return row


async def page(
    tx: AsyncConnection,
    credit_code: str,
    *,
    after: Sequence[int] | None,
    limit: int,
    caller: Caller,
) -> list[ReviewRow]:
    """Return a unit's reviews after a (year, version), oldest first."""
    unit = await unit_flow.find(tx, credit_code, caller)
    return await bases_store.page(tx, unit.id, after=after, limit=limit)


async def people(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, caller: Caller
) -> tuple[list[BasePersonRow], tuple[str, ...]]:
    """Return a review's people after a line number, and the insurances of their bases."""
    row = await find(tx, ref, caller)
    policy = await policy_flow.by_id(tx, row.policy_id)
    return await bases_store.people(tx, row.unit_id, row.id, after, limit), policy.insurances


async def decide(
    tx: AsyncConnection, ref: Ref, *, confirm: bool, note: str | None, caller: Caller
) -> ReviewRow:
    """Confirm a review, which freezes the year, or refuse it. Its author may not confirm it.

    Raises:
        NotFound, Forbidden. StateConflict: it is decided. SamePersonTwice: the caller submitted it.
    """
    row = await find(tx, ref, caller)
    await trail.record(
        tx, _step(row, "confirm" if confirm else "refuse", signs=confirm, why=note), caller
    )
    decided = await bases_store.set_status(
        tx, row.unit_id, row.id, "confirmed" if confirm else "refused"
    )
    if decided is None:
        raise StateConflict(status=row.status)
    return decided
