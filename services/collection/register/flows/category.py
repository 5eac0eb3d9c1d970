"""Change what people of a unit are (参保类别变更), or the base they chose, from a month on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import NoPolicy
from services.collection.common.domain.faults import person_repeated
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.category import category_fault
from services.collection.register.domain.person import id_of_person
from services.collection.register.domain.unit import Unit, schedule_of
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.enrolment_category import said_faults
from services.collection.register.flows.people_change import NOT_ENROLLED
from services.collection.register.store import category as category_store
from services.collection.register.store import change as change_store
from services.collection.register.store.category import CategoryRow, Held
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import uuid7
from shared.period import Period
from shared.roles import Caller

PAPER: Final = "category"


@dataclass(frozen=True, slots=True)
class Recast:
    """A person and what he is to be: the number never reaches a log."""

    identity_number: str = field(repr=False)
    category: str
    choice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What people of a unit are to be from a month on, and why."""

    credit_code: str
    from_period: Period
    people: Sequence[Recast]
    reason: str


@dataclass(frozen=True, slots=True)
class Recasted:
    """How many changed, how many were so already, and the declared periods that this leaves as
    they are: they take adjustments."""

    changed: int
    replayed: int
    levied_periods: tuple[str, ...] = ()


# --- changing ------------------------------------------------------------------------------


async def recast(
    tx: AsyncConnection, asked: Asked, *, region: str, pepper: bytes, caller: Caller
) -> Recasted:
    """Give people of a unit another category, or another choice, from a month on.

    Raises:
        UnitUnknown, Forbidden: the unit. Faulty: everybody who cannot be changed so, and why.
    """
    unit = await unit_flow.find(tx, asked.credit_code, caller)
    ids = [id_of_person(person.identity_number, pepper) for person in asked.people]
    known = await category_store.living(tx, unit.id, ids)
    faults = _faults(asked, ids, known)
    faults += said_faults(
        [
            (f"/people/{number}", person.category, person.choice)
            for number, person in enumerate(asked.people)
        ],
        await category_store.named(tx, region),
    )
    if not faults:
        faults = await _not_levied(tx, region, unit, asked)
    if faults:
        raise Faulty(faults=faults)
    rows = [
        _row(unit.id, person_id, known[person_id], person, asked)
        for person, person_id in zip(asked.people, ids, strict=True)
        if (person.category, person.choice)
        != (known[person_id].category, known[person_id].base_choice)
    ]
    await category_store.insert(tx, unit.id, rows)
    if not rows:
        return Recasted(changed=0, replayed=len(ids))
    await trail.record(tx, _step(unit.id, len(rows), asked), caller)
    levied = await change_store.levied_since(tx, unit.id, str(asked.from_period))
    return Recasted(len(rows), len(ids) - len(rows), tuple(levied))


def _faults(asked: Asked, ids: Sequence[int], known: Mapping[int, Held]) -> list[Fault]:
    faults = []
    if asked.from_period > Period.of(today()):
        faults.append(Fault("/from", "DAY_IN_FUTURE", "所属期不得晚于本月 (in the future)"))
    first: dict[int, int] = {}
    for number, person_id in enumerate(ids):
        at = f"/people/{number}/identity_number"
        held = known.get(person_id)
        if first.setdefault(person_id, number) != number:
            faults.append(person_repeated(number, first[person_id]))
        elif held is None:
            faults.append(Fault(at, *NOT_ENROLLED))
        elif asked.from_period < Period.of(held.joined_on):
            message = f"早于参保日 (joined on {held.joined_on})"
            faults.append(Fault(at, "BEFORE_JOINING", message))
        elif held.latest is not None and str(asked.from_period) < held.latest:
            message = f"已有更晚生效的变更 (a later change is in force since {held.latest})"
            faults.append(Fault(at, "CHANGE_OUT_OF_ORDER", message))
    return faults


async def _not_levied(tx: AsyncConnection, region: str, unit: Unit, asked: Asked) -> list[Fault]:
    """Who could not be levied in the month that the change begins with."""
    day = asked.from_period.first_day
    then = (await change_flow.as_of(tx, {unit.id: unit}, day))[unit.id]
    try:
        found = await policy_flow.in_force(tx, region, day)
        schedule = schedule_of(found.policy, then, asked.from_period)
    except NoPolicy:
        return []
    return [
        category_fault(refusal, f"/people/{number}")
        for number, person in enumerate(asked.people)
        if (refusal := schedule.refusal(person.category, person.choice)) is not None
    ]


def _row(unit_id: int, person_id: int, held: Held, person: Recast, asked: Asked) -> CategoryRow:
    return CategoryRow(
        unit_id=unit_id,
        person_id=person_id,
        joined_on=held.joined_on,
        from_period=str(asked.from_period),
        id=uuid7(),
        category=person.category,
        base_choice=person.choice,
        joining=False,
        reason=asked.reason,
    )


def _step(unit_id: int, people: int, asked: Asked) -> trail.Step:
    return trail.Step(
        shard_key=unit_id,
        paper=PAPER,
        paper_id=uuid7(),
        step="recast",
        signs=False,
        why=asked.reason,
        detail={"people": people, "from": str(asked.from_period)},
    )
