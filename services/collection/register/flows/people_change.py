"""People leave a unit (减员), or move to another as a block (成建制转移), which two people sign.

A block touches two units. It is the one act of the register that does: all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import (
    ChangeWaits,
    DayInFuture,
    RegisterMoved,
    SameUnit,
    UnitUnknown,
)
from services.collection.common.domain.faults import repeated_people
from services.collection.register.domain.person import id_of_person
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.change import Changed, step_of
from services.collection.register.store import block as block_store
from services.collection.register.store import change as change_store
from services.collection.register.store import unit as unit_store
from services.collection.register.store.block import Leaving
from services.collection.register.store.change import ChangeRow
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import Ref, unit_key, uuid7
from shared.roles import Caller

NOT_ENROLLED: Final = ("PERSON_NOT_ENROLLED", "未在该单位参保 (not enrolled here)")


@dataclass(frozen=True, slots=True)
class Departing:
    """A person who leaves: the number never reaches a log."""

    identity_number: str = field(repr=False)
    left_on: date


@dataclass(frozen=True, slots=True)
class Departed:
    """How many left, and how many had left on that day before."""

    left: int
    replayed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAsked:
    """A block transfer as it is asked for; no people named means everybody."""

    credit_code: str
    to_credit_code: str
    effective_on: date
    identity_numbers: Sequence[str] | None = field(repr=False)
    reason: str


async def leave(
    tx: AsyncConnection, credit_code: str, people: Sequence[Departing], *, pepper: bytes,
    caller: Caller,
) -> Departed:  # fmt: skip
    """End people's enrolments at a unit; who left on the same day before is left as is.

    Raises:
        UnitUnknown, Forbidden: the unit. Faulty: every person who cannot leave on that day.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    ids = [id_of_person(person.identity_number, pepper) for person in people]
    faults = repeated_people(ids)
    faults += [
        Fault(f"/people/{number}/left_on", "DAY_IN_FUTURE", "日期不得晚于今日 (in the future)")
        for number, person in enumerate(people)
        if person.left_on > today()
    ]
    if faults:
        raise Faulty(faults=faults)
    known = await block_store.latest_ends(tx, unit.id, ids)
    leaving, replayed = [], 0
    for number, (person, person_id) in enumerate(zip(people, ids, strict=True)):
        fault = _cannot_leave(known.get(person_id), person.left_on, f"/people/{number}")
        if fault:
            faults.append(fault)
        elif known[person_id][1] is None:
            leaving.append(Leaving(person_id, person.left_on))
        else:
            replayed += 1
    if faults:
        raise Faulty(faults=faults)
    left = await block_store.leave(tx, unit.id, leaving)
    if len(left) != len(leaving):
        raise RegisterMoved(credit_code=credit_code)
    if left:
        await trail.record(tx, _leave_step(unit.id, len(left)), caller)
    return Departed(left=len(left), replayed=replayed)


def _cannot_leave(known: tuple[date, date | None] | None, day: date, at: str) -> Fault | None:
    if known is None:
        return Fault(f"{at}/identity_number", *NOT_ENROLLED)
    joined_on, left_on = known
    if left_on is not None and left_on != day:
        return Fault(f"{at}/left_on", "LEFT_ON_ANOTHER_DAY", f"已减员,日期不同 (left on {left_on})")
    if day < joined_on:
        return Fault(f"{at}/left_on", "LEFT_BEFORE_JOINING", f"早于参保日 (joined on {joined_on})")
    return None


def _leave_step(unit_id: int, people: int) -> trail.Step:
    return trail.Step(
        shard_key=unit_id,
        paper="departure",
        paper_id=uuid7(),
        step="leave",
        signs=False,
        detail={"people": people},
    )


async def propose_block(
    tx: AsyncConnection, asked: BlockAsked, *, pepper: bytes, caller: Caller
) -> Changed:
    """Propose that people move to another unit from a day on; its district decides.

    Raises:
        UnitUnknown, Forbidden: a unit. SameUnit, DayInFuture, ChangeWaits: the transfer.
        Faulty: who is not enrolled at the giving unit before that day, or nobody is.
    """
    giving = await unit_flow.find(tx, asked.credit_code, caller)
    receiving = await unit_store.find(tx, unit_key(asked.to_credit_code))
    if receiving is None or receiving.credit_code != asked.to_credit_code:
        raise UnitUnknown(credit_code=asked.to_credit_code)
    if receiving.id == giving.id:
        raise SameUnit
    if asked.effective_on > today():
        raise DayInFuture(effective_on=asked.effective_on)
    if receiving.status == "closed":
        raise Faulty(faults=[Fault("/to", "UNIT_CLOSED", "单位已注销 (the unit is closed)")])
    ids = await _chosen(tx, giving.id, asked, pepper)
    row = ChangeRow(
        unit_id=giving.id,
        id=uuid7(),
        kind="block_transfer",
        credit_code=giving.credit_code,
        district=giving.district,
        decided_in=receiving.district,
        status="proposed",
        effective_on=asked.effective_on,
        before={},
        after={},
        reason=asked.reason,
        to_unit_id=receiving.id,
        to_credit_code=receiving.credit_code,
        people=len(ids),
    )
    if not await change_store.insert(tx, row):
        raise ChangeWaits(credit_code=giving.credit_code)
    await block_store.write_down(tx, giving.id, row.id, ids)
    await trail.record(tx, step_of(row, "propose", signs=True, why=row.reason), caller)
    return Changed(row)


async def _chosen(tx: AsyncConnection, unit_id: int, asked: BlockAsked, pepper: bytes) -> list[int]:
    living = await block_store.living_at(tx, unit_id, asked.effective_on)
    if asked.identity_numbers is None:
        if not living:
            raise Faulty(faults=[Fault("/people", *NOT_ENROLLED)])
        return living
    ids = [id_of_person(number, pepper) for number in asked.identity_numbers]
    there = set(living)
    faults = repeated_people(ids) + [
        Fault(f"/people/{number}", *NOT_ENROLLED)
        for number, person_id in enumerate(ids)
        if person_id not in there
    ]
    if faults:
        raise Faulty(faults=faults)
    return ids


async def approve(tx: AsyncConnection, ref: Ref, note: str | None, caller: Caller) -> Changed:
    """Approve a proposed change of facts or a block transfer: a second person of the district.

    Raises:
        NotFound, Forbidden, StateConflict: no such change, another district's, or decided.
        SamePersonTwice: who proposed it. RegisterMoved: the register has changed meanwhile.
    """
    row = await change_flow.decided(tx, ref, "in_force", caller)
    await trail.record(tx, step_of(row, "approve", signs=True, why=note), caller)
    if row.kind == "facts":
        return await change_flow.approve_facts(tx, row)
    assert row.to_unit_id is not None, "a block has a receiving unit"
    left = await block_store.leave_together(
        tx, row.unit_id, row.id, row.effective_on - timedelta(days=1)
    )
    if left != row.people:
        raise RegisterMoved(people=row.people, still_enrolled=left)
    await block_store.join_together(tx, (row.unit_id, row.id), row.to_unit_id, row.effective_on)
    return Changed(row)
