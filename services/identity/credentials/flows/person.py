"""Giving a person a password and a second factor, and using a one-time code."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.credentials import store as credentials_store
from services.identity.credentials.domain import password as password_rules
from services.identity.credentials.domain import totp as totp_rules
from services.identity.credentials.domain.credential import Credential, CredentialKind
from services.identity.principals import flows as principals_flow
from services.identity.principals import store as principals_store
from services.identity.principals.domain import Principal, PrincipalKind, PrincipalUnknown
from shared import clock
from shared.security.field_cipher import CipherBroken, FieldCipher


async def give_password(tx: AsyncConnection, name: str, *, by: str) -> str:
    """Give a person a first password, shown once; the second factor of before ends with the password.

    Raises:
        PrincipalUnknown: there is no such person.
    """
    person = await _person(tx, name)
    password = password_rules.new_password()
    stored = await asyncio.to_thread(password_rules.hash_of, password)
    await set_password(tx, person.name, stored, by=by, must_change=True)
    await credentials_store.end(tx, person.name, CredentialKind.TOTP, clock.now())
    return password


async def give_factor(tx: AsyncConnection, name: str, cipher: FieldCipher, *, by: str) -> str:
    """Give a person a second factor; return its otpauth:// address, shown once.

    Raises:
        PrincipalUnknown: there is no such person.
    """
    person = await _person(tx, name)
    seed = totp_rules.new_seed()
    await credentials_store.end(tx, person.name, CredentialKind.TOTP, clock.now())
    sealed = cipher.seal(seed).hex()
    await credentials_store.insert(tx, person.name, CredentialKind.TOTP, sealed, by)
    await common_store.record(tx, "second_factor_given", person.name, by)
    return totp_rules.address_of(seed, person.name)


async def set_password(
    tx: AsyncConnection, name: str, stored: str, *, by: str, must_change: bool
) -> None:
    """Set a person's password in its stored form; sessions and tokens of before end."""
    await credentials_store.end(tx, name, CredentialKind.PASSWORD, clock.now())
    await credentials_store.insert(
        tx, name, CredentialKind.PASSWORD, stored, by, must_change=must_change
    )
    await principals_store.raise_version(tx, name)
    await common_store.record(tx, "password_set", name, by, must_change=must_change)


async def password_of(tx: AsyncConnection, name: str) -> Credential | None:
    """Return a person's password in its stored form."""
    kinds = [CredentialKind.PASSWORD]
    known = await credentials_store.in_force(tx, name, kinds, clock.now())
    return known[0] if known else None


async def use_code(tx: AsyncConnection, name: str, code: str, cipher: FieldCipher) -> bool:
    """Use a one-time code; False when it is wrong, or was used before."""
    kinds = [CredentialKind.TOTP]
    known = await credentials_store.in_force(tx, name, kinds, clock.now())
    if not known:
        return False
    try:
        seed = cipher.open(bytes.fromhex(known[0].value))
    except CipherBroken:
        return False
    step = totp_rules.step_of(seed, code, time.time())
    return step is not None and await credentials_store.use_step(tx, known[0].id, step)


async def _person(tx: AsyncConnection, name: str) -> Principal:
    person = await principals_flow.find(tx, name)
    if person.kind is not PrincipalKind.PERSON:
        raise PrincipalUnknown(name=name)
    return person
