"""Registering and revoking the keys of clients' messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.credentials.domain.public_key import KeyUnfit, PublicKey, read_public_key
from services.identity.message_keys import store as message_keys_store
from services.identity.message_keys.domain import (
    MessageKeyExists,
    MessageKeyUnknown,
    RegisteredKey,
    faults_in,
)
from services.identity.principals import store as principals_store
from shared import clock
from shared.errors import Fault, Faulty
from shared.security.message_keys import MessageAlgorithm
from shared.security.trust import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """A key to be registered. Without a kid, its thumbprint (RFC 7638) is its name."""

    client: str
    algorithm: MessageAlgorithm
    public_key: Mapping[str, Any]
    kid: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    overlap: timedelta = timedelta(days=1)
    """How long the client's keys of before still count once this one does."""


async def checked(tx: AsyncConnection, request: KeyRequest, *, by: str) -> RegisteredKey:
    """Return the key as it would be registered now.

    Raises:
        Faulty: it may not be registered; every fault is named.
    """
    now = clock.now()
    client = await principals_store.find(tx, request.client)
    key, unfit = _read(request.public_key)
    kid = request.kid or (key.thumbprint if key else "unfit")
    valid_from = request.valid_from or now
    faults = [
        *unfit,
        *faults_in(
            client=client,
            kid=kid,
            algorithm=request.algorithm,
            key=key,
            valid_from=valid_from,
            valid_until=request.valid_until,
            now=now,
        ),
    ]
    if faults or key is None or client is None:
        raise Faulty(faults=faults)
    return RegisteredKey(
        kid=kid,
        client=client.name,
        algorithm=request.algorithm,
        public_key=key.jwk,
        thumbprint=key.thumbprint,
        valid_from=valid_from,
        valid_until=request.valid_until,
        registered_by=by,
        registered_at=now,
    )


async def require_new(tx: AsyncConnection, key: RegisteredKey) -> None:
    """Refuse a key that is registered, for whichever client.

    Raises:
        MessageKeyExists: its kid or the key itself is registered.
    """
    if await message_keys_store.is_known(tx, key):
        raise MessageKeyExists(kid=key.kid)


async def register(tx: AsyncConnection, request: KeyRequest, *, by: str) -> RegisteredKey:
    """Register a key; the client's keys of before end after the overlap.

    Raises:
        Faulty: it may not be registered; every fault is named.
        MessageKeyExists: its kid or the key itself is registered.
    """
    new = await checked(tx, request, by=by)
    if not await message_keys_store.insert(tx, new):
        raise MessageKeyExists(kid=new.kid)
    until = max(new.valid_from, new.registered_at) + request.overlap
    await message_keys_store.end_others(tx, new, until)
    await common_store.record(
        tx,
        "message_key_registered",
        new.client,
        by,
        kid=new.kid,
        algorithm=new.algorithm.value,
        thumbprint=new.thumbprint,
    )
    return new


async def revoke(tx: AsyncConnection, kid: str, *, by: str) -> RegisteredKey:
    """Revoke a key: no service accepts it a second later. Doing it again changes nothing.

    Raises:
        MessageKeyUnknown: there is no such key.
    """
    now = clock.now()
    found = await message_keys_store.revoke(tx, kid, by, now)
    if found is None:
        raise MessageKeyUnknown(kid=kid)
    if found.revoked_at == now:
        await common_store.record(tx, "message_key_revoked", found.client, by, kid=kid)
    return found


async def page(
    tx: AsyncConnection, client: str | None, after: Sequence[Any] | None, limit: int
) -> list[RegisteredKey]:
    """Read keys in the order of their names, ended and revoked ones too."""
    found = await principals_store.find(tx, client) if client else None
    return await message_keys_store.page(tx, found.name if found else client, after, limit)


async def published(tx: AsyncConnection) -> list[dict[str, Any]]:
    """Return the keys in force as every service asks for them. Clients are told by digest: the
    door is open."""
    return [
        {
            "kid": key.kid,
            "client": digest_of(key.client),
            "algorithm": key.algorithm.value,
            "public_key": dict(key.public_key),
            "valid_from": key.valid_from,
            "valid_until": key.valid_until,
        }
        for key in await message_keys_store.in_force(tx, clock.now())
    ]


def _read(row: Mapping[str, Any]) -> tuple[PublicKey | None, list[Fault]]:
    try:
        return read_public_key(row), []
    except KeyUnfit as refusal:
        return None, [Fault("/public_key", refusal.code, refusal.message)]
