"""Proposing, deciding and carrying out changes of people and clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.changes import store as changes_store
from services.identity.changes.domain import (
    ChangeKind,
    ChangeStatus,
    FactorUnavailable,
    OwnPowers,
    PrincipalChange,
    PrincipalChangeDecided,
    PrincipalChangeUnknown,
    Proposal,
    ProposerOnly,
    principal_in,
)
from services.identity.common import store as common_store
from services.identity.credentials.flows import client as client_flow
from services.identity.credentials.flows import person as person_flow
from services.identity.message_keys import flows as message_keys_flow
from services.identity.message_keys.flows import KeyRequest
from services.identity.principals import flows as principals_flow
from services.identity.principals import store as principals_store
from services.identity.principals.domain import PrincipalKind
from shared import clock
from shared.errors import SamePersonTwice
from shared.ids import uuid7
from shared.security.field_cipher import FieldCipher
from shared.security.message_keys import MessageAlgorithm
from shared.security.person_name import same_person


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A first password, a client's secret, or the thumbprint of its key: shown once."""

    kind: str
    value: str


async def propose(tx: AsyncConnection, proposal: Proposal, by: str) -> PrincipalChange:
    """Propose a change; another administrator decides it.

    Raises:
        OwnPowers: it is about the proposer.
    """
    _require_others_powers(proposal.principal, proposal.content, by)
    new = _new(proposal, by)
    await changes_store.insert(tx, new)
    await _record(tx, new, "proposed", by)
    return new


async def decide(
    tx: AsyncConnection, id: UUID, status: ChangeStatus, by: str, *, districts: frozenset[str]
) -> tuple[PrincipalChange, NewSecret | None]:
    """Approve or refuse a change; an approved one is carried out at once.

    Returns the change, and the secret that it has made: the approver hands it over.

    Raises:
        PrincipalChangeUnknown, PrincipalChangeDecided, OwnPowers: see there.
        SamePersonTwice: the proposer cannot decide.
        Faulty, PrincipalExists: it cannot be carried out any more.
    """
    found = await changes_store.find(tx, id, lock=True)
    if found is None:
        raise PrincipalChangeUnknown
    if found.status is not ChangeStatus.PROPOSED:
        if (found.status, found.decided_by) == (status, by):
            return found, None
        raise PrincipalChangeDecided(status=found.status.value)
    if same_person(found.proposed_by, by):
        raise SamePersonTwice(person=by, step=status.value)
    _require_others_powers(found.principal, found.content, by)
    done = found.decided(status, by, clock.now())
    await changes_store.decide(tx, done)
    await _record(tx, done, status.value, by)
    if status is ChangeStatus.REFUSED:
        return done, None
    return done, await _carry_out(tx, done, districts)


async def alone(
    tx: AsyncConnection, proposal: Proposal, *, by: str, districts: frozenset[str]
) -> NewSecret | None:
    """Carry out a proposal of the operator at the machine; it stays in the list as such."""
    proposed = replace(_new(proposal, by), alone=True)
    new = proposed.decided(ChangeStatus.APPROVED, by, proposed.proposed_at)
    await changes_store.insert(tx, new)
    return await _carry_out(tx, new, districts)


async def second_factor(tx: AsyncConnection, id: UUID, cipher: FieldCipher, by: str) -> str:
    """Make the second factor of an approved change and return its otpauth:// address, once.

    Raises:
        PrincipalChangeUnknown, FactorUnavailable, ProposerOnly: see there.
    """
    found = await changes_store.find(tx, id, lock=True)
    if found is None:
        raise PrincipalChangeUnknown
    if not same_person(found.proposed_by, by):
        raise ProposerOnly
    makes_one = found.kind is ChangeKind.RESET or (
        found.kind is ChangeKind.ADD and found.content["kind"] == PrincipalKind.PERSON.value
    )
    is_open = found.status is ChangeStatus.APPROVED and found.factor_given_at is None
    if not (makes_one and is_open and await changes_store.give_factor(tx, found, clock.now())):
        raise FactorUnavailable
    return await person_flow.give_factor(tx, found.principal, cipher, by=by)


async def find(tx: AsyncConnection, id: UUID) -> PrincipalChange:
    """Find a change.

    Raises:
        PrincipalChangeUnknown: there is none.
    """
    found = await changes_store.find(tx, id)
    if found is None:
        raise PrincipalChangeUnknown
    return found


async def page(
    tx: AsyncConnection,
    *,
    principal: str | None,
    status: ChangeStatus | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[PrincipalChange]:
    """Read changes, oldest first."""
    known = await principals_store.find(tx, principal) if principal else None
    name = known.name if known else principal
    return await changes_store.page(tx, principal=name, status=status, after=after, limit=limit)


def _require_others_powers(principal: str, content: Mapping[str, Any], person: str) -> None:
    """Refuse a person's part in a change of that person's own powers.

    Raises:
        OwnPowers: it is the person's own, or a client of the person.
    """
    if any(same_person(name, person) for name in (principal, content.get("person")) if name):
        raise OwnPowers(person=person)


def _new(proposal: Proposal, by: str) -> PrincipalChange:
    # The content goes through JSON once, so that it is the same now and when it is read again.
    return PrincipalChange(
        id=uuid7(),
        kind=proposal.kind,
        principal=proposal.principal,
        content=orjson.loads(orjson.dumps(dict(proposal.content))),
        why=proposal.why,
        proposed_by=by,
        proposed_at=clock.now(),
    )


async def _record(tx: AsyncConnection, change: PrincipalChange, step: str, by: str) -> None:
    kind = f"{change.kind.value}_{step}"
    await common_store.record(tx, kind, change.principal, by, change=str(change.id))


async def _carry_out(
    tx: AsyncConnection, change: PrincipalChange, districts: frozenset[str]
) -> NewSecret | None:
    by, name = str(change.decided_by), change.principal
    match change.kind:
        case ChangeKind.ADD:
            new = principal_in(change)
            await principals_flow.add(tx, new, districts=districts, by=by, change=change.id)
            if new.kind is PrincipalKind.PERSON:
                return await _password(tx, name, by)
            return await _credential(tx, change, timedelta(0), by)
        case ChangeKind.ASSIGN:
            changed = principal_in(change)
            await principals_flow.assign(tx, changed, districts=districts, by=by, change=change.id)
        case ChangeKind.ENABLE:
            await principals_flow.enable(tx, principal_in(change), by=by, change=change.id)
        case ChangeKind.RESET:
            return await _password(tx, name, by)
        case ChangeKind.ROTATE:
            overlap = timedelta(seconds=change.content["overlap_seconds"])
            return await _credential(tx, change, overlap, by)
        case ChangeKind.LINK:
            subject = change.content["provider_subject"]
            await principals_flow.link(
                tx, name, subject, districts=districts, by=by, change=change.id
            )
        case ChangeKind.MESSAGE_KEY:
            await message_keys_flow.register(tx, _key_request(change), by=by)
    return None


async def _password(tx: AsyncConnection, name: str, by: str) -> NewSecret:
    password = await person_flow.give_password(tx, name, by=by)
    return NewSecret(kind="password", value=password)


async def _credential(
    tx: AsyncConnection, change: PrincipalChange, overlap: timedelta, by: str
) -> NewSecret:
    name, jwk = change.principal, change.content["public_key"]
    if jwk is None:
        secret = await client_flow.give_secret(tx, name, by=by, overlap=overlap)
        return NewSecret(kind="client_secret", value=secret)
    thumbprint = await client_flow.give_public_key(tx, name, jwk, by=by, overlap=overlap)
    return NewSecret(kind="thumbprint", value=thumbprint)


def _key_request(change: PrincipalChange) -> KeyRequest:
    content = change.content
    valid_from, valid_until = (
        datetime.fromisoformat(content[name]) if content[name] else None
        for name in ("valid_from", "valid_until")
    )
    # A decision takes its time: a key that should count by now counts from now on.
    if valid_from is not None and valid_from < clock.now():
        valid_from = None
    return KeyRequest(
        client=change.principal,
        algorithm=MessageAlgorithm(content["algorithm"]),
        public_key=content["public_key"],
        kid=content["kid"],
        valid_from=valid_from,
        valid_until=valid_until,
        overlap=timedelta(seconds=content["overlap_seconds"]),
    )
