"""Correct one person's base of a confirmed review (个人基数核改): requested by one, decided by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.bases import store as bases_store
from services.collection.bases.domain import personal_bases
from services.collection.bases.flows import review as review_flow
from services.collection.bases.store import CorrectionRow
from services.collection.common.domain.errors import BaseYearOver, CorrectionWaits, DayInFuture
from services.collection.policy import flows as policy_flow
from services.collection.register.domain.person import id_of_person
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty, NotFound, StateConflict
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "base_correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRequest:
    """A written request (书面申请) to correct a person's wage of last year."""

    identity_number: str
    wage_fen: int
    request_no: str
    requested_on: date


async def request(
    tx: AsyncConnection, ref: Ref, wanted: CorrectionRequest, *, pepper: bytes, caller: Caller
) -> CorrectionRow:
    """Request the correction of a person's base, within the base's own year.

    Raises:
        NotFound, Forbidden. BaseYearOver: the year is over. DayInFuture.
        StateConflict: the review is not confirmed. CorrectionWaits: another request is open.
    """
    row = await review_flow.find(tx, ref, caller)
    if wanted.requested_on > today():
        raise DayInFuture(requested_on=wanted.requested_on)
    if wanted.requested_on.year != row.year:
        raise BaseYearOver(year=row.year, requested_on=wanted.requested_on)
    if row.status != "confirmed":
        raise StateConflict(status=row.status)
    person_id = id_of_person(wanted.identity_number, pepper)
    line_no = await bases_store.line_of(tx, row.unit_id, row.id, person_id)
    if line_no is None:
        fault = Fault(
            "/identity_number",
            "PERSON_NOT_REVIEWED",
            "核定名册中无此人 (this person is not in the review)",
        )
        raise Faulty(faults=[fault])
    policy = await policy_flow.by_id(tx, row.policy_id)
    correction = CorrectionRow(
        unit_id=row.unit_id,
        id=uuid7(),
        review_id=row.id,
        line_no=line_no,
        wage_fen=wanted.wage_fen,
        base_fen=personal_bases(policy, wanted.wage_fen),
        request_no=wanted.request_no,
        requested_on=wanted.requested_on,
        status="requested",
    )
    if not await bases_store.insert_correction(tx, correction):
        raise CorrectionWaits(line=line_no)
    await trail.record(tx, _step(correction, "request"), caller)
    return correction


async def of_review(
    tx: AsyncConnection, ref: Ref, *, after: UUID | None, limit: int, caller: Caller
) -> list[CorrectionRow]:
    """Return a review's corrections after an id, oldest first."""
    row = await review_flow.find(tx, ref, caller)
    return await bases_store.corrections(tx, row.unit_id, row.id, after=after, limit=limit)


async def decide(
    tx: AsyncConnection, ref: Ref, *, approved: bool, why: str | None, caller: Caller
) -> CorrectionRow:
    """Put a correction in force, or refuse it, as another person.

    Raises:
        NotFound, Forbidden. StateConflict: it is decided. SamePersonTwice: the caller requested it.
    """
    correction = await bases_store.find_correction(tx, ref.key, ref.id)
    if correction is None:
        raise NotFound(base_correction=ref.text(Reference.BASE_CORRECTION))
    await review_flow.find(tx, Ref(correction.unit_id, correction.review_id), caller)
    await trail.record(tx, _step(correction, "approve" if approved else "refuse", why), caller)
    decided = await bases_store.decide_correction(
        tx, correction.unit_id, correction.id, "approved" if approved else "refused"
    )
    if decided is None:
        raise StateConflict(status=correction.status)
    return decided


def _step(row: CorrectionRow, step: str, why: str | None = None) -> trail.Step:
    return trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=True,
        why=why,
    )
