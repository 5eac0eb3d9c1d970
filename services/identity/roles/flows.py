"""Changing the rights of a role: one person proposes, another one approves or refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.roles import store as roles_store
from services.identity.roles.domain import (
    RoleChange,
    RoleChangeDecided,
    RoleChangeStatus,
    RoleChangeUnknown,
    faults_in,
)
from shared import clock
from shared.errors import Faulty, SamePersonTwice
from shared.ids import uuid7
from shared.roles import RIGHTS, Caller, Right, Role
from shared.security.person_name import same_person


async def in_force(tx: AsyncConnection) -> dict[Role, frozenset[Right]]:
    """Return the rights of every role, as shipped or as changed."""
    changed = await roles_store.changed(tx)
    return {
        role: frozenset(Right(right) for right in changed[role.value] if right in set(Right))
        if role.value in changed
        else RIGHTS[role]
        for role in Role
    }


async def propose(
    tx: AsyncConnection, role: Role, rights: frozenset[Right], why: str, by: Caller
) -> RoleChange:
    """Propose the rights of a role.

    Raises:
        Faulty: it cannot have them; every fault is named.
    """
    faults = faults_in(role, rights)
    if faults:
        raise Faulty(faults=faults)
    new = RoleChange(
        id=uuid7(),
        role=role,
        rights=rights,
        why=why,
        proposed_by=by.subject,
        proposed_at=clock.now(),
    )
    await roles_store.insert(tx, new)
    await common_store.record(
        tx, "role_change_proposed", None, by.subject, role=role.value, change=str(new.id)
    )
    return new


async def decide(tx: AsyncConnection, id: UUID, status: RoleChangeStatus, by: Caller) -> RoleChange:
    """Approve or refuse a change. An approved one is in force at every service within seconds.

    Raises:
        RoleChangeUnknown, RoleChangeDecided: see there.
        SamePersonTwice: the proposer cannot decide.
    """
    found = await roles_store.find(tx, id)
    if found is None:
        raise RoleChangeUnknown
    if found.status is not RoleChangeStatus.PROPOSED:
        if (found.status, found.decided_by) == (status, by.subject):
            return found
        raise RoleChangeDecided(status=found.status.value)
    if same_person(found.proposed_by, by.subject):
        raise SamePersonTwice(person=by.subject, step=status.value)
    done = replace(found, status=status, decided_by=by.subject)
    await roles_store.decide(tx, done)
    if status is RoleChangeStatus.APPROVED:
        await roles_store.put(tx, done)
    await common_store.record(
        tx, f"role_change_{status.value}", None, by.subject, role=done.role.value, change=str(id)
    )
    return done


async def page(tx: AsyncConnection, *, after: UUID | None, limit: int) -> Sequence[RoleChange]:
    """Read changes, oldest first."""
    return await roles_store.page(tx, after=after, limit=limit)
