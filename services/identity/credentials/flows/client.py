"""Giving a client its secret or its public key, rotating it, and checking a secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.credentials import store as credentials_store
from services.identity.credentials.domain.credential import (
    Credential,
    CredentialKind,
    hash_of,
    matches,
    new_secret,
)
from services.identity.credentials.domain.public_key import read_public_key
from services.identity.principals import flows as principals_flow
from services.identity.principals import store as principals_store
from services.identity.principals.domain import PrincipalKind, PrincipalUnknown
from shared import clock

OVERLAP_DEFAULT: Final = timedelta(days=1)
"""How long the secret of before stays good, so that its holder can change it without a gap."""


async def give_secret(
    tx: AsyncConnection, client: str, *, by: str, overlap: timedelta = OVERLAP_DEFAULT
) -> str:
    """Give a client a new secret and return it, once; the one of before ends after the overlap.

    Raises:
        PrincipalUnknown: there is no such client.
    """
    found = await principals_flow.find(tx, client)
    if found.kind is not PrincipalKind.CLIENT:
        raise PrincipalUnknown(name=client)
    secret = new_secret()
    until = clock.now() + overlap
    await credentials_store.end(tx, found.name, CredentialKind.CLIENT_SECRET, until)
    await credentials_store.insert(
        tx, found.name, CredentialKind.CLIENT_SECRET, hash_of(secret), by
    )
    if not overlap:
        await principals_store.raise_version(tx, found.name)
    await common_store.record(tx, "secret_given", found.name, by, old_until=until.isoformat())
    return secret


async def renew(tx: AsyncConnection, client: str, stored: str, *, by: str) -> None:
    """Give a client a secret in its stored form, unless it is in force already."""
    kind = CredentialKind.CLIENT_SECRET
    known = await credentials_store.in_force(tx, client, [kind], clock.now())
    if stored in {one.value for one in known}:
        return
    await credentials_store.end(tx, client, kind, clock.now() + OVERLAP_DEFAULT)
    await credentials_store.insert(tx, client, kind, stored, by)
    await common_store.record(tx, "secret_renewed", client, by)


async def give_public_key(
    tx: AsyncConnection,
    client: str,
    jwk: Mapping[str, Any],
    *,
    by: str,
    overlap: timedelta = OVERLAP_DEFAULT,
) -> str:
    """Register the public key that a client signs its assertions with; return its thumbprint.

    Raises:
        PrincipalUnknown: there is no such client.
        KeyUnfit: not a public key of a kind that is accepted.
    """
    found = await principals_flow.find(tx, client)
    if found.kind is not PrincipalKind.CLIENT:
        raise PrincipalUnknown(name=client)
    key = read_public_key(jwk)
    until = clock.now() + overlap
    await credentials_store.end(tx, found.name, CredentialKind.PUBLIC_KEY, until)
    await credentials_store.insert(tx, found.name, CredentialKind.PUBLIC_KEY, key.text, by)
    await common_store.record(tx, "public_key_given", found.name, by, thumbprint=key.thumbprint)
    return key.thumbprint


async def secret_is_right(tx: AsyncConnection, principal: str, secret: str) -> bool:
    """Check a secret against those in force."""
    kinds = [CredentialKind.CLIENT_SECRET]
    known = await credentials_store.in_force(tx, principal, kinds, clock.now())
    return any([matches(secret, one.value) for one in known])


async def public_keys(tx: AsyncConnection, principal: str) -> list[str]:
    """Return the public keys with which a client may sign."""
    kinds = [CredentialKind.PUBLIC_KEY]
    return [
        one.value for one in await credentials_store.in_force(tx, principal, kinds, clock.now())
    ]


async def credentials_of(tx: AsyncConnection, name: str) -> list[Credential]:
    """Return the credentials in force of a person or a client, newest first.

    Raises:
        PrincipalUnknown: there is none of this name.
    """
    found = await principals_flow.find(tx, name)
    return await credentials_store.in_force(tx, found.name, list(CredentialKind), clock.now())
