"""Adding, disabling and enabling principals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.principals import store as principals_store
from services.identity.principals.domain import (
    Principal,
    PrincipalExists,
    PrincipalKind,
    PrincipalState,
    PrincipalUnknown,
    faults_in,
)
from shared.cursor import LIMIT_MAX
from shared.errors import Faulty


async def add(
    tx: AsyncConnection, new: Principal, *, districts: frozenset[str], by: str
) -> Principal:
    """Add a principal.

    Raises:
        Faulty: it may not exist; every fault is named.
        PrincipalExists: its name is taken.
    """
    person = await principals_store.find(tx, new.person) if new.person else None
    faults = faults_in(new, districts, person)
    if faults:
        raise Faulty(faults=faults)
    if not await principals_store.insert(tx, new, by):
        raise PrincipalExists(name=new.name)
    await common_store.record(
        tx, f"{new.kind.value}_added", new.name, by, role=new.role.value, district=new.district
    )
    return new


async def find(tx: AsyncConnection, name: str) -> Principal:
    """Find a principal.

    Raises:
        PrincipalUnknown: there is none of this name.
    """
    found = await principals_store.find(tx, name)
    if found is None:
        raise PrincipalUnknown(name=name)
    return found


async def change_state(
    tx: AsyncConnection, name: str, state: PrincipalState, *, by: str
) -> Principal:
    """Disable or enable a principal; every token of before is refused, also of a person's clients.

    Raises:
        PrincipalUnknown: there is none of this name.
    """
    known = await find(tx, name)
    changed = await principals_store.change_state(tx, known.name, state)
    await common_store.record(tx, state.value, known.name, by)
    return next(one for one in changed if one.name == known.name)


async def page(
    tx: AsyncConnection, kind: PrincipalKind | None, after: Sequence[Any] | None, limit: int
) -> list[Principal]:
    """Read principals in the order of their names."""
    return await principals_store.page(tx, kind, after, limit)


async def all_of(tx: AsyncConnection, kind: PrincipalKind) -> list[Principal]:
    """Read all people, or all clients, in the order of their names."""
    found: list[Principal] = []
    while True:
        after = [found[-1].name] if found else None
        rows = await principals_store.page(tx, kind, after, LIMIT_MAX)
        found += rows
        if len(rows) < LIMIT_MAX:
            return found
