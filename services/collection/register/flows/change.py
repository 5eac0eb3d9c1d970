"""Change a unit's registered facts (变更登记) from a day on; what touches money needs two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import (
    ChangeOutOfOrder,
    ChangeWaits,
    DayInFuture,
    NothingChanges,
    RegisterMoved,
    StepUnknown,
)
from services.collection.common.flows.return_code import check_codes
from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy import flows as policy_flow
from services.collection.register.domain.change import (
    as_they_were,
    changed,
    faults_in,
    needs_second_person,
)
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import block as block_store
from services.collection.register.store import change as change_store
from services.collection.register.store import unit as unit_store
from services.collection.register.store.change import ChangeRow
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty, NotFound, StateConflict
from shared.ids import Ref, uuid7
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A change as it is asked for: the facts by name, from which day, and why."""

    credit_code: str
    facts: Mapping[str, Any]
    effective_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A change, and the declared periods that it leaves as they are: they take adjustments."""

    row: ChangeRow
    levied_periods: tuple[str, ...] = ()


async def as_of(tx: AsyncConnection, known: Mapping[int, Unit], day: date) -> dict[int, Unit]:
    """Units with what a levy goes by as it was on a day: kind, injury class and step, size."""
    undone = await change_store.undone(tx, list(known), day)
    return {unit_id: as_they_were(unit, undone.get(unit_id, ())) for unit_id, unit in known.items()}


async def ask(tx: AsyncConnection, asked: Asked, *, region: str, caller: Caller) -> Changed:
    """Change a unit's facts, or propose to where a second person has to approve.

    Raises:
        UnitUnknown, Forbidden: the unit. DayInFuture: the day. NothingChanges: it is so already.
        Faulty: what would be wrong with it. ChangeWaits, ChangeOutOfOrder: another change.
    """
    unit = await unit_flow.find(tx, asked.credit_code, caller)
    if asked.effective_on > today():
        raise DayInFuture(effective_on=asked.effective_on)
    before, after = changed(unit, asked.facts)
    if not after:
        raise NothingChanges
    living = await block_store.count_living(tx, unit.id) if after.get("status") == "closed" else 0
    faults = list(faults_in(unit, after, common_shipped_store.districts_of(region), living))
    faults += await _step_faults(tx, unit, after, region, asked.effective_on)
    if faults:
        raise Faulty(faults=faults)
    row = ChangeRow(
        unit_id=unit.id,
        id=uuid7(),
        kind="facts",
        credit_code=unit.credit_code,
        district=unit.district,
        decided_in=after.get("district", unit.district),
        status="proposed" if needs_second_person(after) else "in_force",
        effective_on=asked.effective_on,
        before=before,
        after=after,
        reason=asked.reason,
    )
    await _in_order(tx, row)
    if not await change_store.insert(tx, row):
        raise ChangeWaits(credit_code=unit.credit_code)
    await trail.record(tx, step_of(row, "propose", signs=True, why=row.reason), caller)
    if row.status == "in_force":
        await _apply(tx, row)
    return await _with_periods(tx, row)


async def _step_faults(
    tx: AsyncConnection, unit: Unit, after: Mapping[str, Any], region: str, day: date
) -> list[Fault]:
    """Whether the policy of the day has the floating step that a unit is to have, for its class."""
    then = replace(unit, **after)
    if then.injury_step is None or not {"injury_step", "injury_class"} & set(after):
        return []
    policy = (await policy_flow.in_force(tx, region, day)).policy
    rules = policy.floating
    if rules is not None and rules.step(then.injury_step, then.injury_class) is not None:
        return []
    return [Fault("/facts/injury_step", StepUnknown.code, StepUnknown().message)]


async def _in_order(tx: AsyncConnection, row: ChangeRow) -> None:
    latest = await change_store.latest(tx, row.unit_id, list(row.after))
    if latest is not None and row.effective_on < latest:
        raise ChangeOutOfOrder(in_force_from=latest)


async def _apply(tx: AsyncConnection, row: ChangeRow) -> None:
    unit = await unit_store.find(tx, row.unit_id)
    assert unit is not None, "a change is of a registered unit"
    if not await change_store.change_unit(tx, replace(unit, **row.after), row.before):
        raise RegisterMoved(change=Ref(row.unit_id, row.id).text(Reference.REGISTER_CHANGE))


async def _with_periods(tx: AsyncConnection, row: ChangeRow) -> Changed:
    first = Period.of(row.effective_on)
    # A levy goes by the facts of the period's first day, so a change inside a month begins after it.
    if first.first_day < row.effective_on:
        first = first.plus(1)
    return Changed(row, tuple(await change_store.levied_since(tx, row.unit_id, str(first))))


async def approve_facts(tx: AsyncConnection, row: ChangeRow) -> Changed:
    """Put a proposed change of facts in force.

    Raises:
        RegisterMoved: the unit is not what the change began with. ChangeOutOfOrder: a later one.
    """
    await _in_order(tx, row)
    await _apply(tx, row)
    return await _with_periods(tx, row)


async def refuse(
    tx: AsyncConnection, ref: Ref, codes: Sequence[str], note: str | None, caller: Caller
) -> Changed:
    """Refuse a proposed change, with codes.

    Raises:
        Faulty: unknown codes. NotFound, Forbidden, StateConflict: as `decided`.
    """
    check_codes(codes, note, PAPER)
    row = await decided(tx, ref, "refused", caller)
    step = step_of(row, "refuse", signs=True, why=note, detail={"codes": list(codes)})
    await trail.record(tx, step, caller)
    return Changed(row)


async def decided(tx: AsyncConnection, ref: Ref, status: str, caller: Caller) -> ChangeRow:
    """Decide a proposed change in the district that has to.

    Raises:
        NotFound: no such change. Forbidden: another district decides. StateConflict: it is decided.
    """
    row = await change_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(change=ref.text(Reference.REGISTER_CHANGE))
    caller.require_district(row.decided_in)
    if not await change_store.decide(tx, row.unit_id, row.id, status):
        raise StateConflict(status=row.status)
    return replace(row, status=status)


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> ChangeRow:
    """A change that the caller may see: of its district, or for it to decide.

    Raises:
        NotFound: no such change. Forbidden: of other districts than the caller's.
    """
    row = await change_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(change=ref.text(Reference.REGISTER_CHANGE))
    if caller.district != row.decided_in:
        caller.require_district(row.district)
    return row


def step_of(
    row: ChangeRow,
    step: str,
    *,
    signs: bool,
    why: str | None = None,
    detail: dict[str, object] | None = None,
) -> trail.Step:
    """A step on a change, for its trail."""
    return trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=signs,
        why=why,
        detail=detail,
    )
