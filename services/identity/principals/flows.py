"""Adding, disabling and enabling principals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.principals import store as principals_store
from services.identity.principals.domain import (
    Principal,
    PrincipalExists,
    PrincipalKind,
    PrincipalMoved,
    PrincipalState,
    PrincipalUnknown,
    SubjectTaken,
    faults_in,
)
from shared.cursor import LIMIT_MAX
from shared.errors import Fault, Faulty


async def check(
    tx: AsyncConnection,
    new: Principal,
    *,
    districts: frozenset[str],
    more: Iterable[Fault] = (),
    is_new: bool = True,
) -> None:
    """Check that a principal may be as it is described.

    Args:
        more: faults that the caller has found already.
        is_new: True when its name must be free.

    Raises:
        Faulty: it may not; every fault is named.
        PrincipalExists: its name is taken.
        SubjectTaken: the provider calls somebody else so.
    """
    person = await principals_store.find(tx, new.person) if new.person else None
    faults = [*faults_in(new, districts, person), *more]
    if faults:
        raise Faulty(faults=faults)
    if is_new and await principals_store.find(tx, new.name):
        raise PrincipalExists(name=new.name)
    if new.provider_subject:
        other = await principals_store.find_by_subject(tx, new.provider_subject)
        if other is not None and other.name != new.name:
            raise SubjectTaken(person=other.name)


async def add(
    tx: AsyncConnection, new: Principal, *, districts: frozenset[str], by: str, change: UUID
) -> Principal:
    """Add a principal by an approved change.

    Raises:
        Faulty, PrincipalExists, SubjectTaken: as `check`.
    """
    await check(tx, new, districts=districts)
    if not await principals_store.insert(tx, new, by, change):
        raise PrincipalExists(name=new.name)
    await common_store.record(
        tx, f"{new.kind.value}_added", new.name, by, role=new.role.value, district=new.district
    )
    return new


async def assign(
    tx: AsyncConnection, changed: Principal, *, districts: frozenset[str], by: str, change: UUID
) -> None:
    """Give a principal another role, district or units by an approved change; a person's clients
    follow. Tokens of before are refused.

    Raises:
        Faulty: as `check`.
    """
    await check(tx, changed, districts=districts, is_new=False)
    await principals_store.assign(tx, changed, change)
    await common_store.record(
        tx, "assigned", changed.name, by, role=changed.role.value, district=changed.district
    )


async def link(
    tx: AsyncConnection,
    name: str,
    subject: str | None,
    *,
    districts: frozenset[str],
    by: str,
    change: UUID,
) -> None:
    """Set what the provider calls a person by an approved change; sessions of before end.

    Raises:
        Faulty, SubjectTaken: as `check`.
    """
    linked = replace(await find(tx, name), provider_subject=subject)
    await check(tx, linked, districts=districts, is_new=False)
    try:
        await principals_store.link(tx, linked.name, subject, change)
    except IntegrityError as error:  # another change gave it to somebody else meanwhile
        raise SubjectTaken from error
    await common_store.record(tx, "linked", linked.name, by, provider_subject=subject)


async def enable(tx: AsyncConnection, approved: Principal, *, by: str, change: UUID) -> None:
    """Enable a principal with the powers of an approved change. Tokens of before stay refused.

    Raises:
        PrincipalMoved: its powers have changed since the proposal.
    """
    known = await find(tx, approved.name)
    if (known.role, known.district, known.units) != (
        approved.role,
        approved.district,
        approved.units,
    ):
        raise PrincipalMoved(name=known.name)
    await principals_store.enable(tx, known.name, change)
    await common_store.record(tx, PrincipalState.ACTIVE.value, known.name, by)


async def find(tx: AsyncConnection, name: str) -> Principal:
    """Find a principal.

    Raises:
        PrincipalUnknown: there is none of this name.
    """
    found = await principals_store.find(tx, name)
    if found is None:
        raise PrincipalUnknown(name=name)
    return found


async def disable(tx: AsyncConnection, name: str, *, by: str) -> Principal:
    """Disable a principal; every token of before is refused, also of a person's clients.

    Raises:
        PrincipalUnknown: there is none of this name.
    """
    known = await find(tx, name)
    changed = await principals_store.disable(tx, known.name)
    await common_store.record(tx, PrincipalState.DISABLED.value, known.name, by)
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
