"""Change a unit's registered facts (变更登记) from a day on; changes that touch money need two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

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
    changed,
    facts_before,
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
from shared.security.personal_data import AccountCipher

PAPER: Final = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """A requested change: the facts by name, the day from which they hold, and the reason."""

    credit_code: str
    facts: Mapping[str, Any]
    effective_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """A change, and the periods already declared. Those stay as they are and take adjustments."""

    row: ChangeRow
    levied_periods: tuple[str, ...] = ()


async def as_of(tx: AsyncConnection, known: Mapping[int, Unit], day: date) -> dict[int, Unit]:
    """Return units with the facts that determine a levy as they were on a day."""
    earlier = await change_store.earlier_facts(tx, list(known), day)
    return {
        unit_id: facts_before(unit, earlier.get(unit_id, ())) for unit_id, unit in known.items()
    }


async def request(
    tx: AsyncConnection,
    requested: ChangeRequest,
    *,
    region: str,
    caller: Caller,
    accounts: AccountCipher,
) -> ChangeResult:
    """Change a unit's facts, or propose the change where a second person must approve it.

    Raises:
        UnitUnknown, Forbidden: the unit. DayInFuture: the day.
        NothingChanges: the facts are registered already. Faulty: the changed unit has faults.
        ChangeWaits, ChangeOutOfOrder: another change is in the way.
    """
    unit = await unit_flow.find(tx, requested.credit_code, caller)
    if requested.effective_on > today():
        raise DayInFuture(effective_on=requested.effective_on)
    facts = dict(requested.facts)
    if "bank" in facts:
        facts["bank"] = accounts.as_stored(facts["bank"], unit.bank)
    before, after = changed(unit, facts)
    if not after:
        raise NothingChanges
    closes = after.get("status") == "closed"
    enrolled = await block_store.count_enrolled(tx, unit.id) if closes else 0
    faults = list(faults_in(unit, after, common_shipped_store.districts_of(region), enrolled))
    faults += await _step_faults(tx, unit, after, region, requested.effective_on)
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
        effective_on=requested.effective_on,
        before=before,
        after=after,
        reason=requested.reason,
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
    """Check that the policy of the day has the new floating step for the unit's class."""
    result = replace(unit, **after)
    if result.injury_step is None or not {"injury_step", "injury_class"} & set(after):
        return []
    policy = (await policy_flow.in_force(tx, region, day)).policy
    rules = policy.floating
    if rules is not None and rules.step(result.injury_step, result.injury_class) is not None:
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


async def _with_periods(tx: AsyncConnection, row: ChangeRow) -> ChangeResult:
    first = Period.of(row.effective_on)
    # A levy uses the facts of the period's first day: a change within a month begins with the next.
    if first.first_day < row.effective_on:
        first = first.plus(1)
    return ChangeResult(row, tuple(await change_store.levied_since(tx, row.unit_id, str(first))))


async def approve_facts(tx: AsyncConnection, row: ChangeRow) -> ChangeResult:
    """Put a proposed change of facts in force.

    Raises:
        RegisterMoved: the unit has changed since the proposal. ChangeOutOfOrder: a later change holds.
    """
    await _in_order(tx, row)
    await _apply(tx, row)
    return await _with_periods(tx, row)


async def refuse(
    tx: AsyncConnection, ref: Ref, codes: Sequence[str], note: str | None, caller: Caller
) -> ChangeResult:
    """Refuse a proposed change with return codes.

    Raises:
        Faulty: unknown codes. NotFound, Forbidden, StateConflict: as `decided`.
    """
    await check_codes(tx, codes, note, PAPER)
    row = await decided(tx, ref, "refused", caller)
    step = step_of(row, "refuse", signs=True, why=note, detail={"codes": list(codes)})
    await trail.record(tx, step, caller)
    return ChangeResult(row)


async def decided(tx: AsyncConnection, ref: Ref, status: str, caller: Caller) -> ChangeRow:
    """Decide a proposed change in the responsible district.

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
    """Find a change that the caller's district owns or decides.

    Raises:
        NotFound: no such change. Forbidden: it belongs to other districts.
    """
    row = await change_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(change=ref.text(Reference.REGISTER_CHANGE))
    if caller.district != row.decided_in:
        caller.require_district(row.district)
    return row


async def page(
    tx: AsyncConnection, credit_code: str, after: UUID | None, limit: int, caller: Caller
) -> list[ChangeRow]:
    """List a unit's changes in the order in which they were requested.

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await change_store.page(tx, unit.id, after, limit)


def step_of(
    row: ChangeRow,
    step: str,
    *,
    signs: bool,
    why: str | None = None,
    detail: dict[str, object] | None = None,
) -> trail.Step:
    """Build a trail step of a change."""
    return trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=signs,
        why=why,
        detail=detail,
    )
