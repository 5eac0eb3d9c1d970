"""Correct a period of cover (参保期更正): its first day, its last day, or that it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import NothingChanges, RegisterMoved
from services.collection.register.domain.cover import Cover
from services.collection.register.domain.person import id_of_person
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import change as change_store
from services.collection.register.store import cover as cover_store
from services.collection.register.store import cover_correction as cover_correction_store
from services.collection.register.store.cover_correction import (
    CoverCorrection,
    CoverCorrectionRecord,
)
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import uuid7
from shared.period import Period
from shared.roles import Caller

PAPER: Final = "cover_correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverCorrectionRequest:
    """A person's period at a unit, named by its first day, and what is right instead."""

    credit_code: str
    identity_number: str = field(repr=False)
    joined_on: date
    right: Cover
    reason: str
    document: str | None


@dataclass(frozen=True, slots=True)
class CoverCorrectionResult:
    """A correction, and the periods already declared. Those stay as they are and take adjustments."""

    row: CoverCorrection
    levied_periods: tuple[str, ...]


async def correct(
    tx: AsyncConnection, request: CoverCorrectionRequest, *, pepper: bytes, caller: Caller
) -> CoverCorrectionResult:
    """Correct, end or reopen a period of cover, with the reason.

    Raises:
        UnitUnknown, Forbidden: the unit. NothingChanges: the register says so already.
        Faulty: no such period, or days that are in the future, of another period, or of a closed unit.
        RegisterMoved: the register has changed meanwhile.
    """
    unit = await unit_flow.find(tx, request.credit_code, caller)
    person_id = id_of_person(request.identity_number, pepper)
    known = (await cover_store.at_unit(tx, unit.id, [person_id])).get((unit.id, person_id), [])
    was = next((cover for cover in known if cover.joined_on == request.joined_on), None)
    if was is None:
        message = "该单位无此参保期 (no period of the person begins on that day)"
        raise Faulty(faults=[Fault("/joined_on", "COVER_UNKNOWN", message)])
    right = request.right
    if (right.joined_on, right.left_on) == (was.joined_on, was.left_on) and not was.presumed:
        raise NothingChanges
    faults = list(_faults_in(unit, right, [cover for cover in known if cover is not was]))
    if faults:
        raise Faulty(faults=faults)
    row = CoverCorrection(
        unit_id=unit.id,
        id=uuid7(),
        person_id=person_id,
        was_joined_on=was.joined_on,
        was_left_on=was.left_on,
        now_joined_on=right.joined_on,
        now_left_on=right.left_on,
        reason=request.reason,
        document=request.document,
    )
    if not await cover_correction_store.change(tx, row, was):
        raise RegisterMoved(credit_code=unit.credit_code)
    await cover_correction_store.insert(tx, row)
    await cover_store.settle_overlaps(tx, unit.id, [person_id])
    await trail.record(tx, _step(row), caller)
    first = Period.of(min(was.joined_on, right.joined_on))
    levied = await change_store.levied_since(tx, unit.id, str(first))
    return CoverCorrectionResult(row, tuple(levied))


def _faults_in(unit: Unit, right: Cover, others: Sequence[Cover]) -> Iterator[Fault]:
    for name, day in (("joined_on", right.joined_on), ("left_on", right.left_on)):
        if day is not None and day > today():
            message = "日期不得晚于今日 (the day is in the future)"
            yield Fault(f"/right/{name}", "DAY_IN_FUTURE", message)
    if right.left_on is not None and right.left_on < right.joined_on:
        message = "止日早于参保日 (it ends before it begins)"
        yield Fault("/right/left_on", "LEFT_BEFORE_JOINING", message)
        return
    for other in others:
        if right.shares_a_day(other):
            message = f"与已登记参保期重叠 (a period from {other.joined_on} shares its days)"
            yield Fault("/right", "COVER_OVERLAPS", message)
    if right.left_on is None and unit.status == "closed":
        yield Fault("/right/left_on", "UNIT_CLOSED", "单位已注销 (the unit is closed)")


def _step(row: CoverCorrection) -> trail.Step:
    return trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step="correct",
        signs=True,
        why=row.reason,
        detail=None if row.document is None else {"document": row.document},
    )


async def page(
    tx: AsyncConnection, credit_code: str, after: UUID | None, limit: int, caller: Caller
) -> list[CoverCorrectionRecord]:
    """List the corrections of a unit's periods of cover.

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await cover_correction_store.page(tx, unit.id, after, limit)
