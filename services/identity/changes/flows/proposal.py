"""Checked proposals, one function a kind: each refuses what could not be carried out now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.changes.domain import ChangeKind, PrincipalActive, Proposal, powers_in
from services.identity.credentials.domain.public_key import KeyUnfit, read_public_key
from services.identity.message_keys import flows as message_keys_flow
from services.identity.message_keys.flows import KeyRequest
from services.identity.principals import flows as principals_flow
from services.identity.principals.domain import Principal, PrincipalKind, PrincipalUnknown
from shared.errors import Fault, Faulty
from shared.roles import Role
from shared.security.identity import OWN_CLIENTS


async def to_add(
    tx: AsyncConnection,
    new: Principal,
    districts: frozenset[str],
    *,
    every_unit: bool = False,
    public_key: Mapping[str, Any] | None = None,
) -> Proposal:
    """Propose to add a person or a client; a client signs in with a secret or a public key.

    Raises:
        Faulty: it may not exist; every fault is named.
        PrincipalExists: its name is taken.
    """
    more = [*_unit_faults(new, every_unit=every_unit), *_key_faults(public_key)]
    await principals_flow.check(tx, new, districts=districts, more=more)
    content = powers_in(new) | {"public_key": None if public_key is None else dict(public_key)}
    return Proposal(kind=ChangeKind.ADD, principal=new.name, content=content)


async def to_assign(
    tx: AsyncConnection,
    name: str,
    districts: frozenset[str],
    *,
    role: Role,
    district: str,
    units: tuple[str, ...] | None,
    every_unit: bool,
) -> Proposal:
    """Propose the role, the district and the units of a principal, all of them.

    Raises:
        PrincipalUnknown: there is none of this name.
        Faulty: it may not have them; every fault is named.
    """
    known = await principals_flow.find(tx, name)
    changed = replace(known, role=role, district=district, units=units)
    more = _unit_faults(changed, every_unit=every_unit)
    await principals_flow.check(tx, changed, districts=districts, more=more, is_new=False)
    return Proposal(kind=ChangeKind.ASSIGN, principal=known.name, content=powers_in(changed))


async def to_enable(tx: AsyncConnection, name: str) -> Proposal:
    """Propose to enable a disabled principal again.

    Raises:
        PrincipalUnknown: there is none of this name.
        PrincipalActive: it is not disabled.
    """
    known = await principals_flow.find(tx, name)
    if known.is_active:
        raise PrincipalActive(name=known.name)
    return Proposal(kind=ChangeKind.ENABLE, principal=known.name, content=powers_in(known))


async def to_link(
    tx: AsyncConnection, name: str, subject: str | None, districts: frozenset[str]
) -> Proposal:
    """Propose what the provider calls a person; None: the person signs in there no longer.

    Raises:
        PrincipalUnknown: there is none of this name.
        Faulty, SubjectTaken: it may not be so.
    """
    known = await principals_flow.find(tx, name)
    linked = replace(known, provider_subject=subject)
    await principals_flow.check(tx, linked, districts=districts, is_new=False)
    content = {"provider_subject": subject}
    return Proposal(kind=ChangeKind.LINK, principal=known.name, content=content)


async def to_reset(tx: AsyncConnection, name: str) -> Proposal:
    """Propose a new first password and second factor for a person.

    Raises:
        PrincipalUnknown: there is no such person.
    """
    known = await principals_flow.find(tx, name)
    if known.kind is not PrincipalKind.PERSON:
        raise PrincipalUnknown(name=name)
    return Proposal(kind=ChangeKind.RESET, principal=known.name, content={})


async def to_rotate(
    tx: AsyncConnection,
    name: str,
    *,
    overlap: timedelta,
    public_key: Mapping[str, Any] | None = None,
    by_operator: bool = False,
) -> Proposal:
    """Propose a new secret or public key for a client; the one of before ends after the overlap.

    Args:
        by_operator: True at the machine, where a service's own secret can be put into its file.

    Raises:
        PrincipalUnknown: there is no such client.
        Faulty: the key is unfit, or the client is one of the installation's own.
    """
    known = await principals_flow.find(tx, name)
    if known.kind is not PrincipalKind.CLIENT:
        raise PrincipalUnknown(name=name)
    faults = list(_key_faults(public_key))
    if known.name in OWN_CLIENTS and not by_operator:
        message = "本系统服务的密钥由运维以 wuxian clients rotate 更换 (the operator rotates a service's own secret)"
        faults.append(Fault("/name", "OWN_CLIENT", message))
    if faults:
        raise Faulty(faults=faults)
    content = {
        "person": known.person,
        "overlap_seconds": int(overlap.total_seconds()),
        "public_key": None if public_key is None else dict(public_key),
    }
    return Proposal(kind=ChangeKind.ROTATE, principal=known.name, content=content)


async def to_register_key(tx: AsyncConnection, request: KeyRequest) -> Proposal:
    """Propose a public key for a client's signed messages.

    Raises:
        Faulty: it may not be registered; every fault is named.
        MessageKeyExists: its kid or the key itself is registered.
    """
    key = await message_keys_flow.checked(tx, request, by="")
    await message_keys_flow.require_new(tx, key)
    client = await principals_flow.find(tx, key.client)
    content = {
        "person": client.person,
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "public_key": dict(key.public_key),
        "thumbprint": key.thumbprint,
        "valid_from": request.valid_from and request.valid_from.isoformat(),
        "valid_until": request.valid_until and request.valid_until.isoformat(),
        "overlap_seconds": int(request.overlap.total_seconds()),
    }
    return Proposal(kind=ChangeKind.MESSAGE_KEY, principal=key.client, content=content)


def _unit_faults(new: Principal, *, every_unit: bool) -> Sequence[Fault]:
    if new.role is not Role.EMPLOYER_PORTAL or (new.units is None) == every_unit:
        return ()
    message = "申报大厅须列出单位,或指明 every_unit (a portal names its units, or every_unit)"
    return (Fault("/units", "UNITS_MISSING", message),)


def _key_faults(public_key: Mapping[str, Any] | None) -> Sequence[Fault]:
    try:
        if public_key is not None:
            read_public_key(public_key)
    except KeyUnfit as refusal:
        return (Fault("/public_key", refusal.code, refusal.message),)
    return ()
