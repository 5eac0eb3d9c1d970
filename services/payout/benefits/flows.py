"""Benefit kinds; two people correct a row."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import store as benefits_store
from services.payout.benefits.domain import (
    BenefitKind,
    BenefitKindCorrection,
    BenefitKindCorrectionUnknown,
    BenefitKindCorrectionWaits,
    benefit_kind_on,
    row_faults,
    row_of_claim,
    rows_after,
    siblings_of,
)
from services.payout.common.domain import require_faultless, require_not_future
from shared import trail
from shared.errors import StateConflict
from shared.ids import Ref, key_of, uuid7
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "benefit_kind_correction"


def kind_key(kind: str) -> int:
    """Return the shard key of a kind's papers."""
    return key_of("benefit_kind", kind)


async def kinds(tx: AsyncConnection) -> list[BenefitKind]:
    """Read every dated row."""
    return await benefits_store.kinds(tx)


async def kind_on(tx: AsyncConnection, kind: str, day: date) -> BenefitKind:
    """Read the row of a kind that is in force on a day.

    Raises:
        BenefitKindNotInForce: there is none.
    """
    return benefit_kind_on(kind, await benefits_store.kinds(tx), day)


async def claim_row(tx: AsyncConnection, kind: str, *, filed_on: date, today: date) -> BenefitKind:
    """Read the row by which a claim that is filed today for a day is judged.

    Raises:
        DateInFuture: the day of filing is after today.
        BenefitKindNotInForce: the kind has no row on the day of filing.
    """
    require_not_future(filed_on, today)
    return row_of_claim(kind, await benefits_store.kinds(tx), filed_on, today)


async def siblings(tx: AsyncConnection, row: BenefitKind) -> list[str]:
    """Name the other kinds that pay the same events as a row's kind."""
    if row.event_group is None:
        return []
    return [other.kind for other in siblings_of(row, await benefits_store.kinds(tx))]


async def correct(
    tx: AsyncConnection, row: BenefitKind, reason: str, caller: Caller
) -> BenefitKindCorrection:
    """File a row as it is to be: a correction, a later row, or a new kind.

    Raises:
        Faulty: every fault of the row.
        BenefitKindCorrectionWaits: another correction of the kind is not decided yet.
    """
    await _require_right(tx, row)
    correction = BenefitKindCorrection(
        id=uuid7(), row=row, reason=reason, status="filed", filed_by=caller.subject
    )
    if not await benefits_store.insert_correction(tx, correction):
        raise BenefitKindCorrectionWaits(kind=row.kind)
    await trail.record(tx, _step(correction, "file"), caller)
    return correction


async def decide(
    tx: AsyncConnection, ref: Ref, *, approved: bool, why: str | None, caller: Caller
) -> BenefitKindCorrection:
    """Decide a correction, as another person. An approved row counts for claims filed from then on.

    Raises:
        BenefitKindCorrectionUnknown, StateConflict, SamePersonTwice: the caller cannot decide it.
        Faulty: the row does not fit the rows that stand now.
    """
    correction = await benefits_store.correction(tx, ref.id)
    if correction is None or kind_key(correction.row.kind) != ref.key:
        raise BenefitKindCorrectionUnknown(correction=ref.text(Reference.BENEFIT_KIND_CORRECTION))
    to = "approved" if approved else "refused"
    await trail.record(tx, _step(correction, to, why), caller)
    if not await benefits_store.decide_correction(tx, correction.id, to, caller.subject):
        raise StateConflict(status=correction.status)
    if approved:
        rows = await _require_right(tx, correction.row)
        for row in rows_after(correction.row, rows):
            if row not in rows:
                await benefits_store.save(tx, row)
    return replace(correction, status=to)


async def corrections(
    tx: AsyncConnection, *, status: str | None, after: UUID | None, limit: int
) -> list[BenefitKindCorrection]:
    """Read corrections in order of filing."""
    return await benefits_store.corrections(tx, status=status, after=after, limit=limit)


async def _require_right(tx: AsyncConnection, row: BenefitKind) -> list[BenefitKind]:
    every = await benefits_store.kinds(tx)
    of_kind = [other for other in every if other.kind == row.kind]
    claimed = await benefits_store.is_claimed(tx, row.kind)
    group = siblings_of(row, every)
    require_faultless(row_faults(row, of_kind, claimed=claimed, siblings=group))
    return of_kind


def _step(correction: BenefitKindCorrection, step: str, why: str | None = None) -> trail.Step:
    row = asdict(correction.row)
    return trail.Step(
        shard_key=kind_key(correction.row.kind),
        paper=PAPER,
        paper_id=correction.id,
        step=step,
        signs=True,
        why=why or correction.reason,
        detail={name: str(row[name]) for name in ("kind", "fund", "account", "in_force_from")},
    )
