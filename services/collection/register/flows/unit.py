"""Register units and look them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import KeyCollision, UnitExists, UnitUnknown
from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy import flows as policy_flow
from services.collection.register.domain.unit import Unit, coverage_faults, differing, faults_in
from services.collection.register.store import unit as unit_store
from shared.errors import Fault, Faulty
from shared.ids import unit_key
from shared.roles import Caller
from shared.security.personal_data import AccountCipher


@dataclass(frozen=True, slots=True)
class BatchRegistration:
    """Result of registering a batch: new units, and units already registered with the same facts."""

    created: int
    replayed: int


async def register(
    tx: AsyncConnection, unit: Unit, *, region: str, caller: Caller, accounts: AccountCipher
) -> Unit:
    """Register a unit. Repeating the same registration changes nothing.

    Raises:
        Forbidden: the unit belongs to another district than the caller.
        Faulty: the unit has faults. UnitExists: it is registered with other facts.
        KeyCollision: another unit has the same key.
    """
    caller.require_district(unit.district)
    faults = await _faults(tx, [unit], region, "")
    if faults:
        raise Faulty(faults=faults)
    if not await unit_store.insert(tx, [unit]):
        known = await unit_store.find(tx, unit.id)
        assert known is not None
        if known.credit_code != unit.credit_code:
            raise KeyCollision(credit_code=unit.credit_code)
        differences = differences_of(known, unit, accounts)
        if differences:
            raise UnitExists(credit_code=unit.credit_code, differs=differences)
    return unit


async def register_all(
    tx: AsyncConnection,
    units: Sequence[Unit],
    *,
    region: str,
    caller: Caller,
    accounts: AccountCipher,
) -> BatchRegistration:
    """Register a batch of units, all or none.

    Raises:
        Forbidden: a unit belongs to another district than the caller.
        Faulty: every fault of every unit.
    """
    for unit in units:
        caller.require_district(unit.district)
    faults = await _faults(tx, units, region, "/units/{}")
    if faults:
        raise Faulty(faults=faults)
    made = await unit_store.insert(tx, units)
    replayed = {unit.id for unit in units if unit.credit_code not in made}
    known = await unit_store.known(tx, sorted(replayed))
    for number, unit in enumerate(units):
        if unit.id in replayed:
            faults += _conflict(known[unit.id], unit, accounts, f"/units/{number}")
    if faults:
        raise Faulty(faults=faults)
    return BatchRegistration(created=len(made), replayed=len(replayed))


async def _faults(
    tx: AsyncConnection, units: Sequence[Unit], region: str, pointer: str
) -> list[Fault]:
    policies = await policy_flow.published(tx, region)
    return [
        *faults_in(units, common_shipped_store.districts_of(region), pointer),
        *coverage_faults(units, policies, pointer),
    ]


def differences_of(known: Unit, unit: Unit, accounts: AccountCipher) -> list[str]:
    """Name the facts that differ; an account sealed with an earlier key is the same account."""
    return differing(known, replace(unit, bank=accounts.as_stored(unit.bank, known.bank)))


def _conflict(known: Unit, unit: Unit, accounts: AccountCipher, at: str) -> list[Fault]:
    if known.credit_code != unit.credit_code:
        return [Fault(at, KeyCollision.code, KeyCollision().message)]
    differences = differences_of(known, unit, accounts)
    if not differences:
        return []
    return [Fault(at, UnitExists.code, UnitExists(differs=differences).message)]


async def find(tx: AsyncConnection, credit_code: str, caller: Caller) -> Unit:
    """Find a unit that the caller may see.

    Raises:
        UnitUnknown: it is not registered. Forbidden: it belongs to another district.
    """
    unit = await unit_store.find(tx, unit_key(credit_code))
    if unit is None or unit.credit_code != credit_code:
        raise UnitUnknown(credit_code=credit_code)
    caller.require_district(unit.district)
    return unit


async def page(
    tx: AsyncConnection,
    district: str | None,
    unit_ids: frozenset[int] | None,
    after: int | None,
    limit: int,
) -> list[Unit]:
    """List the units of a district, some units or all, after a key."""
    return await unit_store.page(tx, district, unit_ids, after, limit)
