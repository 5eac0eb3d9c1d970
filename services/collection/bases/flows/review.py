"""Set a unit's bases for a year (缴费基数核定), freeze them, correct one person's within the year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.bases import store as bases_store
from services.collection.bases.domain import (
    Reason,
    Reviewed,
    ReviewFile,
    personal_bases,
    refusals,
    unit_base_fen,
)
from services.collection.bases.store import CorrectionRow, ReviewRow
from services.collection.common.domain.errors import (
    BaseFrozen,
    BaseReviewWaits,
    BaseYearOver,
    CorrectionWaits,
    DayInFuture,
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
from shared.clock import today
from shared.cn import identity_number
from shared.errors import Fault, Faulty, NotFound, StateConflict
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "base_review"
CORRECTION_PAPER: Final = "base_correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A review as it is handed in. `people` is empty when last year's bases carry on."""

    year: int
    reason: Reason
    from_period: Period
    provisional: bool
    unit_wage_total_fen: int
    file: ReviewFile
    people: Sequence[Reviewed]


async def submit(
    tx: AsyncConnection,
    credit_code: str,
    asked: Asked,
    *,
    region: str,
    pepper: bytes,
    caller: Caller,
) -> ReviewRow:
    """Take a review in, or refuse it with every reason.

    Raises:
        UnitUnknown, Forbidden, NoPolicy: bases cannot be set. Faulty: every fault, 四不接收 included.
        BaseFrozen, BaseReviewWaits: the year's bases are set, or about to be.
        NoBaseToCarry: provisional, and there is nothing of last year.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    earlier = await bases_store.of_year(tx, unit.id, asked.year)
    _may_be_set(asked, earlier)
    version = len(earlier) + 1
    if asked.provisional:
        row, last = await _carried(tx, unit, asked, version)
        await _store(tx, row, {}, caller)
        await bases_store.carry_people(tx, row, last)
        return row
    found = await policy_flow.in_force(tx, region, asked.from_period.first_day)
    ids = [id_of_person(person.identity_number, pepper) for person in asked.people]
    faults = [*_faults(asked, ids), *await _not_enrolled(tx, unit, asked, ids)]
    if faults:
        raise Faulty(faults=faults)
    bases = [personal_bases(found.policy, person.wage_fen) for person in asked.people]
    row = _row(unit, asked, version, found.id, _sum(found.policy, asked, bases))
    await _store(tx, row, _file(asked.file), caller)
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
                zip(asked.people, ids, bases, strict=True), 1
            )
        ],
    )
    return row


def _may_be_set(asked: Asked, earlier: Sequence[ReviewRow]) -> None:
    """Frozen for the year: reopened only by transfer, split or merger, or when provisional."""
    if any(row.status == "submitted" for row in earlier):
        raise BaseReviewWaits(year=asked.year)
    living = living_of(earlier)
    if living is None or asked.reason is not Reason.ANNUAL:
        return
    if asked.provisional or not living.provisional:
        raise BaseFrozen(
            year=asked.year, review=Ref(living.unit_id, living.id).text(Reference.BASE_REVIEW)
        )


def living_of(rows: Sequence[ReviewRow], period: str | None = None) -> ReviewRow | None:
    """The review that holds for a period: the last confirmed that begins by then."""
    held = [
        row
        for row in rows
        if row.status == "confirmed" and (period is None or row.from_period <= period)
    ]
    return held[-1] if held else None


def _faults(asked: Asked, ids: Sequence[int]) -> Iterator[Fault]:
    insured = sum(person.standing.is_insured for person in asked.people)
    yield from refusals(asked.file, insured)
    if insured == 0:
        yield Fault("/people", "NOBODY_INSURED", "没有参保职工 (nobody insured is in it)")
    yield from repeated_people(ids)


async def _not_enrolled(
    tx: AsyncConnection, unit: Unit, asked: Asked, ids: Sequence[int]
) -> list[Fault]:
    """The insured are enrolled; those who only count need not be, but are people."""
    days = asked.from_period.first_day, asked.from_period.last_day
    enrolled = await person_store.enrolled_in(tx, unit.id, ids, *days)
    faults = []
    for number, (person, person_id) in enumerate(zip(asked.people, ids, strict=True)):
        at = f"/people/{number}/identity_number"
        fault = number_fault(person.identity_number, at)
        if fault is None and person.standing.is_insured and person_id not in enrolled:
            fault = Fault(at, "PERSON_NOT_ENROLLED", "该单位未参保此人 (not enrolled here)")
        if fault is not None:
            faults.append(fault)
    return faults


def _sum(policy: Policy, asked: Asked, bases: Sequence[Sequence[int]]) -> int:
    """The sum of personal bases of pension, or of the policy's first insurance."""
    names = policy.insurances
    column = names.index("pension") if "pension" in names else 0
    return sum(
        base[column]
        for person, base in zip(asked.people, bases, strict=True)
        if person.standing.is_insured
    )


def _row(unit: Unit, asked: Asked, version: int, policy_id: UUID, sum_fen: int) -> ReviewRow:
    counted = [person for person in asked.people if not person.standing.is_insured]
    counted_fen = sum(person.wage_fen for person in counted)
    return ReviewRow(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        year=asked.year,
        version=version,
        reason=asked.reason.value,
        from_period=str(asked.from_period),
        provisional=False,
        status="submitted",
        policy_id=policy_id,
        unit_kind=unit.kind,
        people=len(asked.people) - len(counted),
        counted_only=len(counted),
        wage_total_fen=asked.unit_wage_total_fen,
        counted_only_fen=counted_fen,
        personal_sum_fen=sum_fen,
        unit_base_fen=unit_base_fen(
            unit.kind,
            wage_total_fen=asked.unit_wage_total_fen,
            counted_only_fen=counted_fen,
            personal_sum_fen=sum_fen,
        ),
    )


async def _carried(
    tx: AsyncConnection, unit: Unit, asked: Asked, version: int
) -> tuple[ReviewRow, ReviewRow]:
    """Last year's bases, carried on until the average is published."""
    last = living_of(await bases_store.of_year(tx, unit.id, asked.year - 1))
    if last is None:
        raise NoBaseToCarry(year=asked.year - 1)
    row = replace(
        last,
        id=uuid7(),
        district=unit.district,
        year=asked.year,
        version=version,
        reason=asked.reason.value,
        from_period=str(asked.from_period),
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
    """A review that the caller may see.

    Raises:
        NotFound: no such review. Forbidden: of another district than the caller.
    """
    row = await bases_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(base_review=ref.text(Reference.BASE_REVIEW))
    caller.require_district(row.district)
    return row


async def decide(
    tx: AsyncConnection, ref: Ref, *, confirm: bool, note: str | None, caller: Caller
) -> ReviewRow:
    """Confirm a review, which freezes the year, or refuse it; by another person than its author.

    Raises:
        NotFound, Forbidden. StateConflict: it is decided. SamePersonTwice: by its author.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionAsked:
    """A written request (书面申请): whose wage of last year was wrong, and what it was."""

    identity_number: str
    wage_fen: int
    request_no: str
    requested_on: date


async def request_correction(
    tx: AsyncConnection, ref: Ref, asked: CorrectionAsked, *, pepper: bytes, caller: Caller
) -> CorrectionRow:
    """Ask for one person's base to be corrected, within the base's own year.

    Raises:
        NotFound, Forbidden. BaseYearOver: of another year. DayInFuture.
        StateConflict: the review is not confirmed. CorrectionWaits: another one waits.
    """
    row = await find(tx, ref, caller)
    if asked.requested_on > today():
        raise DayInFuture(requested_on=asked.requested_on)
    if asked.requested_on.year != row.year:
        raise BaseYearOver(year=row.year, requested_on=asked.requested_on)
    if row.status != "confirmed":
        raise StateConflict(status=row.status)
    person_id = id_of_person(asked.identity_number, pepper)
    line_no = await bases_store.line_of(tx, row.unit_id, row.id, person_id)
    if line_no is None:
        fault = Fault("/identity_number", "PERSON_NOT_REVIEWED", "核定名册中无此人 (not in it)")
        raise Faulty(faults=[fault])
    policy = await policy_flow.by_id(tx, row.policy_id)
    correction = CorrectionRow(
        unit_id=row.unit_id,
        id=uuid7(),
        review_id=row.id,
        line_no=line_no,
        wage_fen=asked.wage_fen,
        base_fen=personal_bases(policy, asked.wage_fen),
        request_no=asked.request_no,
        requested_on=asked.requested_on,
        status="requested",
    )
    if not await bases_store.insert_correction(tx, correction):
        raise CorrectionWaits(line=line_no)
    await trail.record(tx, _correction_step(correction, "request"), caller)
    return correction


async def approve_correction(tx: AsyncConnection, ref: Ref, caller: Caller) -> CorrectionRow:
    """Put a correction in force, by another person than who asked.

    Raises:
        NotFound, Forbidden. StateConflict: it is approved. SamePersonTwice: by who asked.
    """
    known = await bases_store.find_correction(tx, ref.key, ref.id)
    if known is None:
        raise NotFound(base_correction=ref.text(Reference.BASE_CORRECTION))
    await find(tx, Ref(known.unit_id, known.review_id), caller)
    await trail.record(tx, _correction_step(known, "approve"), caller)
    approved = await bases_store.approve_correction(tx, known.unit_id, known.id)
    if approved is None:
        raise StateConflict(status=known.status)
    return approved


def _correction_step(row: CorrectionRow, step: str) -> trail.Step:
    return trail.Step(
        shard_key=row.unit_id, paper=CORRECTION_PAPER, paper_id=row.id, step=step, signs=True
    )
