"""Change the category (参保类别变更) or the base choice of a unit's people from a month on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import NoPolicy
from services.collection.common.domain.faults import person_repeated
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.category import category_fault
from services.collection.register.domain.person import id_of_person
from services.collection.register.domain.unit import Unit, schedule_of
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.enrolment_category import category_faults
from services.collection.register.flows.people_change import NOT_ENROLLED
from services.collection.register.store import category as category_store
from services.collection.register.store import change as change_store
from services.collection.register.store.category import CategoryRecord, CategoryRow, CurrentCategory
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import uuid7
from shared.period import Period
from shared.roles import Caller

PAPER: Final = "category"


@dataclass(frozen=True, slots=True)
class CategoryAssignment:
    """A person's new category and choice. The identity number is kept out of logs."""

    identity_number: str = field(repr=False)
    category: str
    choice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChange:
    """A requested change of categories at one unit, from a month on."""

    credit_code: str
    from_period: Period
    people: Sequence[CategoryAssignment]
    reason: str


@dataclass(frozen=True, slots=True)
class CategoryChangeResult:
    """Number of people changed and already recorded so, and the periods already declared.

    Declared periods stay as they are and take adjustments.
    """

    changed: int
    replayed: int
    levied_periods: tuple[str, ...] = ()


async def change(
    tx: AsyncConnection, requested: CategoryChange, *, region: str, pepper: bytes, caller: Caller
) -> CategoryChangeResult:
    """Give people of a unit another category or choice from a month on, all or none.

    Raises:
        UnitUnknown, Forbidden: the unit. Faulty: each person who cannot be changed.
    """
    unit = await unit_flow.find(tx, requested.credit_code, caller)
    ids = [id_of_person(person.identity_number, pepper) for person in requested.people]
    current = await category_store.lock_current(tx, unit.id, ids)
    faults = _faults(requested, ids, current)
    faults += category_faults(
        [
            (f"/people/{number}", person.category, person.choice)
            for number, person in enumerate(requested.people)
        ],
        await category_store.names(tx, region),
    )
    if not faults:
        faults = await _not_levied(tx, region, unit, requested)
    if faults:
        raise Faulty(faults=faults)
    rows = [
        _row(unit.id, person_id, current[person_id], person, requested)
        for person, person_id in zip(requested.people, ids, strict=True)
        if (person.category, person.choice)
        != (current[person_id].category, current[person_id].base_choice)
    ]
    await category_store.insert(tx, unit.id, rows)
    if not rows:
        return CategoryChangeResult(changed=0, replayed=len(ids))
    await trail.record(tx, _step(unit.id, len(rows), requested), caller)
    levied = await change_store.levied_since(tx, unit.id, str(requested.from_period))
    return CategoryChangeResult(len(rows), len(ids) - len(rows), tuple(levied))


def _faults(
    requested: CategoryChange, ids: Sequence[int], current: Mapping[int, CurrentCategory]
) -> list[Fault]:
    faults = []
    if requested.from_period > Period.of(today()):
        faults.append(
            Fault("/from", "DAY_IN_FUTURE", "所属期不得晚于本月 (the month is in the future)")
        )
    first: dict[int, int] = {}
    for number, person_id in enumerate(ids):
        at = f"/people/{number}/identity_number"
        enrolment = current.get(person_id)
        if first.setdefault(person_id, number) != number:
            faults.append(person_repeated(number, first[person_id]))
        elif enrolment is None:
            faults.append(Fault(at, *NOT_ENROLLED))
        elif requested.from_period < Period.of(enrolment.joined_on):
            message = f"早于参保日 (joined on {enrolment.joined_on})"
            faults.append(Fault(at, "BEFORE_JOINING", message))
        elif enrolment.latest is not None and str(requested.from_period) < enrolment.latest:
            message = f"已有更晚生效的变更 (a later change is in force since {enrolment.latest})"
            faults.append(Fault(at, "CHANGE_OUT_OF_ORDER", message))
    return faults


async def _not_levied(
    tx: AsyncConnection, region: str, unit: Unit, requested: CategoryChange
) -> list[Fault]:
    """Check that the policy levies each new category in the first month of the change."""
    day = requested.from_period.first_day
    unit_then = (await change_flow.as_of(tx, {unit.id: unit}, day))[unit.id]
    try:
        found = await policy_flow.in_force(tx, region, day)
        schedule = schedule_of(found.policy, unit_then, requested.from_period)
    except NoPolicy:
        return []
    return [
        category_fault(refusal, f"/people/{number}")
        for number, person in enumerate(requested.people)
        if (refusal := schedule.refusal(person.category, person.choice)) is not None
    ]


def _row(
    unit_id: int,
    person_id: int,
    enrolment: CurrentCategory,
    person: CategoryAssignment,
    requested: CategoryChange,
) -> CategoryRow:
    return CategoryRow(
        unit_id=unit_id,
        person_id=person_id,
        joined_on=enrolment.joined_on,
        from_period=str(requested.from_period),
        id=uuid7(),
        category=person.category,
        base_choice=person.choice,
        joining=False,
        reason=requested.reason,
    )


def _step(unit_id: int, people: int, requested: CategoryChange) -> trail.Step:
    return trail.Step(
        shard_key=unit_id,
        paper=PAPER,
        paper_id=uuid7(),
        step="recast",
        signs=False,
        why=requested.reason,
        detail={"people": people, "from": str(requested.from_period)},
    )


async def page(
    tx: AsyncConnection,
    credit_code: str,
    after: tuple[int, UUID] | None,
    limit: int,
    caller: Caller,
) -> list[CategoryRecord]:
    """List the recorded categories of a unit's people, person by person.

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await category_store.page(tx, unit.id, after, limit)
