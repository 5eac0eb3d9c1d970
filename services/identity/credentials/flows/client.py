"""Giving a client its secret or its public key, rotating it, and checking a secret."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.credentials import store as credentials_store
from services.identity.credentials.domain.credential import (
    CredentialKind,
    hash_of,
    matches,
    new_secret,
)
from services.identity.principals import flows as principals_flow
from services.identity.principals import store as principals_store
from services.identity.principals.domain import PrincipalKind, PrincipalUnknown
from shared import clock
from shared.errors import Kind, Refusal

OVERLAP_DEFAULT: Final = timedelta(days=1)
"""How long the secret of before stays good, so that its holder can change it without a gap."""
_PRIVATE: Final = {"d", "p", "q", "dp", "dq", "qi", "k"}


class KeyUnfit(Refusal):
    """公钥须为 JWK,类型 Ed25519、EC P-256 或 RSA(至少 2048 位),且不含私钥 (the key must be the public JWK of an Ed25519, P-256 or RSA key of 2048 bits or more)"""

    kind = Kind.INVALID
    code = "KEY_UNFIT"


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
    tx: AsyncConnection, client: str, jwk: str, *, by: str, overlap: timedelta = OVERLAP_DEFAULT
) -> str:
    """Register the public key that a client signs its assertions with; return its thumbprint.

    Raises:
        PrincipalUnknown: there is no such client.
        KeyUnfit: not a public key of a kind that is accepted.
    """
    found = await principals_flow.find(tx, client)
    if found.kind is not PrincipalKind.CLIENT:
        raise PrincipalUnknown(name=client)
    try:
        row = json.loads(jwk)
        key = JWKRegistry.import_key(row)
        modulus = len(str(row.get("n", ""))) * 6
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise KeyUnfit from None
    curve = row.get("crv")
    fits = (row.get("kty"), curve) in {("OKP", "Ed25519"), ("EC", "P-256")} or (
        row.get("kty") == "RSA" and modulus >= 2048
    )
    if not fits or _PRIVATE & set(row):
        raise KeyUnfit
    until = clock.now() + overlap
    await credentials_store.end(tx, found.name, CredentialKind.PUBLIC_KEY, until)
    public = json.dumps(key.as_dict(private=False), sort_keys=True)
    await credentials_store.insert(tx, found.name, CredentialKind.PUBLIC_KEY, public, by)
    thumbprint = str(key.thumbprint())
    await common_store.record(tx, "public_key_given", found.name, by, thumbprint=thumbprint)
    return thumbprint


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
