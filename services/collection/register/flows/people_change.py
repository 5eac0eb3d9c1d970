"""People leave a unit (减员), or move to another as a block (成建制转移), which two people sign.

A block transfer is the only change that touches two units. It happens completely or not at all.
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
from services.collection.register.domain.cover import Cover, ended_by, may_end
from services.collection.register.domain.person import id_of_person
from services.collection.register.flows import change as change_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.change import ChangeResult, step_of
from services.collection.register.store import block as block_store
from services.collection.register.store import change as change_store
from services.collection.register.store import cover as cover_store
from services.collection.register.store import unit as unit_store
from services.collection.register.store.block import BlockPerson, EnrolmentEnd
from services.collection.register.store.change import ChangeRow
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import Ref, unit_key, uuid7
from shared.roles import Caller

NOT_ENROLLED: Final = ("PERSON_NOT_ENROLLED", "未在该单位参保 (not enrolled at this unit)")


@dataclass(frozen=True, slots=True)
class Departure:
    """A person who leaves a unit. The identity number is kept out of logs."""

    identity_number: str = field(repr=False)
    left_on: date


@dataclass(frozen=True, slots=True)
class DepartureResult:
    """Number of people who left, and of those whose departure was already recorded."""

    left: int
    replayed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTransfer:
    """A requested block transfer. Without identity numbers everybody moves."""

    credit_code: str
    to_credit_code: str
    effective_on: date
    identity_numbers: Sequence[str] | None = field(repr=False)
    reason: str


async def leave(
    tx: AsyncConnection,
    credit_code: str,
    people: Sequence[Departure],
    *,
    pepper: bytes,
    caller: Caller,
) -> DepartureResult:
    """End the periods of cover that are open on the day. A departure already recorded is ignored.

    Raises:
        UnitUnknown, Forbidden: the unit. Faulty: each person who cannot leave on that day.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    ids = [id_of_person(person.identity_number, pepper) for person in people]
    faults = repeated_people(ids)
    faults += [
        Fault(
            f"/people/{number}/left_on",
            "DAY_IN_FUTURE",
            "日期不得晚于今日 (the day is in the future)",
        )
        for number, person in enumerate(people)
        if person.left_on > today()
    ]
    if faults:
        raise Faulty(faults=faults)
    covers = await cover_store.at_unit(tx, unit.id, ids)
    leaving, replayed = [], 0
    for number, (person, person_id) in enumerate(zip(people, ids, strict=True)):
        known = covers.get((unit.id, person_id), [])
        cover = ended_by(person.left_on, known)
        if cover is not None and may_end(cover):
            leaving.append(EnrolmentEnd(person_id, cover.joined_on, person.left_on))
        elif cover is not None and cover.left_on == person.left_on:
            replayed += 1
        else:
            faults.append(_cannot_leave(cover, known, f"/people/{number}"))
    if faults:
        raise Faulty(faults=faults)
    if await block_store.end_enrolments(tx, unit.id, leaving) != len(leaving):
        raise RegisterMoved(credit_code=credit_code)
    if leaving:
        await cover_store.settle_overlaps(tx, unit.id, [end.person_id for end in leaving])
        await trail.record(tx, _leave_step(unit.id, len(leaving)), caller)
    return DepartureResult(left=len(leaving), replayed=replayed)


def _cannot_leave(cover: Cover | None, known: Sequence[Cover], at: str) -> Fault:
    """Say why nobody leaves on a day: it is covered by a period that ended later, or by none."""
    if not known:
        return Fault(f"{at}/identity_number", *NOT_ENROLLED)
    ended = cover or known[-1]
    if ended.left_on is None:
        return Fault(
            f"{at}/left_on", "LEFT_BEFORE_JOINING", f"早于参保日 (joined on {ended.joined_on})"
        )
    return Fault(
        f"{at}/left_on",
        "LEFT_ON_ANOTHER_DAY",
        f"已减员,日期不同,更正请办理参保期更正 (already left on {ended.left_on})",
    )


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
    tx: AsyncConnection, transfer: BlockTransfer, *, pepper: bytes, caller: Caller
) -> ChangeResult:
    """Propose that people move to another unit from a day on; that unit's district decides.

    Raises:
        UnitUnknown, Forbidden: a unit. SameUnit, DayInFuture, ChangeWaits: the transfer.
        Faulty: people not enrolled at the giving unit before that day, or nobody is enrolled.
    """
    giving = await unit_flow.find(tx, transfer.credit_code, caller)
    receiving = await unit_store.find(tx, unit_key(transfer.to_credit_code))
    if receiving is None or receiving.credit_code != transfer.to_credit_code:
        raise UnitUnknown(credit_code=transfer.to_credit_code)
    if receiving.id == giving.id:
        raise SameUnit
    if transfer.effective_on > today():
        raise DayInFuture(effective_on=transfer.effective_on)
    if receiving.status == "closed":
        raise Faulty(faults=[Fault("/to", "UNIT_CLOSED", "单位已注销 (the unit is closed)")])
    ids = await _people_of(tx, giving.id, transfer, pepper)
    row = ChangeRow(
        unit_id=giving.id,
        id=uuid7(),
        kind="block_transfer",
        credit_code=giving.credit_code,
        district=giving.district,
        decided_in=receiving.district,
        status="proposed",
        effective_on=transfer.effective_on,
        before={},
        after={},
        reason=transfer.reason,
        to_unit_id=receiving.id,
        to_credit_code=receiving.credit_code,
        people=len(ids),
    )
    if not await change_store.insert(tx, row):
        raise ChangeWaits(credit_code=giving.credit_code)
    await block_store.insert_people(tx, giving.id, row.id, ids)
    await trail.record(tx, step_of(row, "propose", signs=True, why=row.reason), caller)
    return ChangeResult(row)


async def _people_of(
    tx: AsyncConnection, unit_id: int, transfer: BlockTransfer, pepper: bytes
) -> list[int]:
    enrolled = await block_store.enrolled_before(tx, unit_id, transfer.effective_on)
    if transfer.identity_numbers is None:
        if not enrolled:
            raise Faulty(faults=[Fault("/people", *NOT_ENROLLED)])
        return enrolled
    ids = [id_of_person(number, pepper) for number in transfer.identity_numbers]
    known = set(enrolled)
    faults = repeated_people(ids) + [
        Fault(f"/people/{number}", *NOT_ENROLLED)
        for number, person_id in enumerate(ids)
        if person_id not in known
    ]
    if faults:
        raise Faulty(faults=faults)
    return ids


async def approve(tx: AsyncConnection, ref: Ref, note: str | None, caller: Caller) -> ChangeResult:
    """Approve a proposed change of facts or block transfer, as the second person.

    Raises:
        NotFound: no such change. Forbidden: another district decides. StateConflict: it is decided.
        SamePersonTwice: the caller proposed it. RegisterMoved: the register has changed meanwhile.
    """
    row = await change_flow.decided(tx, ref, "in_force", caller)
    await trail.record(tx, step_of(row, "approve", signs=True, why=note), caller)
    if row.kind == "facts":
        return await change_flow.approve_facts(tx, row)
    assert row.to_unit_id is not None, "a block has a receiving unit"
    left = await block_store.end_block(
        tx, row.unit_id, row.id, row.effective_on - timedelta(days=1)
    )
    if left != row.people:
        raise RegisterMoved(people=row.people, still_enrolled=left)
    await block_store.enrol_block(tx, (row.unit_id, row.id), row.to_unit_id, row.effective_on)
    return ChangeResult(row)


async def page_of_block(
    tx: AsyncConnection, ref: Ref, after: int, limit: int, caller: Caller
) -> list[BlockPerson]:
    """List the people of a block transfer after a line number.

    Raises:
        NotFound, Forbidden: the change.
    """
    row = await change_flow.find(tx, ref, caller)
    return await block_store.page(tx, row.unit_id, row.id, after, limit)
