"""Signing in and out, and the tokens of a session.

Checking a password takes a tenth of a second on purpose. It is done between two transactions, in a
thread, by two at a time, so that guesses neither hold the database nor fill the memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.credentials.domain import password as password_rules
from services.identity.credentials.domain.credential import Credential
from services.identity.credentials.flows import person as person_flow
from services.identity.principals import store as principals_store
from services.identity.principals.domain import Principal, PrincipalKind
from services.identity.sessions import store as sessions_store
from services.identity.sessions.domain import (
    ACCOUNT_FREE,
    ADDRESS_FREE,
    LOCK_LONGEST,
    LONGEST,
    PasswordMustChange,
    Session,
    SessionEnded,
    SignInLocked,
    SignInRefused,
    hash_of,
    locked_for,
    new_id,
    new_secret,
)
from services.identity.tokens.flows import token as token_flow
from services.identity.tokens.flows.keyring import Keyring
from shared import clock
from shared.db import Database
from shared.security.field_cipher import FieldCipher
from shared.security.person_name import folded

FORGOTTEN_AFTER: Final = LOCK_LONGEST * 4
_turns = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """An attempt to sign in: the name, the password, the second factor, and where from.

    `network` is what one customer has of addresses: the address, or the /64 of IPv6.
    """

    name: str
    password: str
    code: str
    address: str
    network: str

    @property
    def subjects(self) -> tuple[tuple[str, int], ...]:
        """The account and the network whose attempts are counted, and how many are free."""
        return (
            (f"account:{folded(self.name)}", ACCOUNT_FREE),
            (f"address:{self.network}", ADDRESS_FREE),
        )


async def sign_in(
    db: Database, given: SignIn, cipher: FieldCipher
) -> tuple[Session, str, Principal]:
    """Open a session for a person; return it and its secret.

    Raises:
        SignInRefused, SignInLocked: see there. The answer does not tell what was wrong.
        PasswordMustChange: all was right, but the password is one that somebody else has set.
    """
    person, must_change = await _prove(db, given, cipher)
    if must_change:
        raise PasswordMustChange

    return await db.run(lambda tx: open_session(tx, person, given.address, by=person.name))


async def open_session(
    tx: AsyncConnection, person: Principal, address: str, *, by: str
) -> tuple[Session, str, Principal]:
    """Open a session for a person that was proved; return it and its secret."""
    now, secret = clock.now(), new_secret()
    session = Session(
        sid=new_id(),
        principal=person.name,
        version=person.version,
        seen_at=now,
        expires_at=now + LONGEST,
        ended_at=None,
    )
    await sessions_store.insert(tx, session, hash_of(secret), address)
    await common_store.record(tx, "signed_in", person.name, by, address=address, sid=session.sid)
    return session, secret, person


async def change_password(
    db: Database, given: SignIn, new_password: str, cipher: FieldCipher
) -> None:
    """Change a person's own password; every session and token of before ends.

    Raises:
        SignInRefused, SignInLocked: as `sign_in`.
        PasswordUnfit: the new one is too short, too long or too close to the name.
    """
    password_rules.require_fit(new_password, given.name)
    person, _ = await _prove(db, given, cipher)
    async with _turns:
        stored = await asyncio.to_thread(password_rules.hash_of, new_password)
    await db.run(
        lambda tx: person_flow.set_password(
            tx, person.name, stored, by=person.name, must_change=False
        )
    )


async def _prove(db: Database, given: SignIn, cipher: FieldCipher) -> tuple[Principal, bool]:
    await db.run(lambda tx: _count(tx, given))
    person, stored = await db.run(lambda tx: _known(tx, given.name))
    async with _turns:
        known = None if stored is None else stored.value
        right = await asyncio.to_thread(password_rules.matches, given.password, known)
    if person is None or stored is None or not right:
        raise SignInRefused

    async def second(tx: AsyncConnection) -> bool:
        if not await person_flow.use_code(tx, person.name, given.code, cipher):
            return False
        account, address = (subject for subject, _ in given.subjects)
        await sessions_store.forget(tx, account)
        await sessions_store.take_back(tx, address)
        return True

    if not await db.run(second):
        raise SignInRefused
    return person, stored.must_change


async def _count(tx: AsyncConnection, given: SignIn) -> None:
    now = clock.now()
    waits: list[timedelta] = []
    for subject, free in given.subjects:
        failures, until = await sessions_store.count_attempt(
            tx, subject, now, now - FORGOTTEN_AFTER
        )
        if until is not None and until > now:
            waits.append(until - now)
            continue
        lock = locked_for(failures, free)
        if lock is not None:
            await sessions_store.lock(tx, subject, now + lock)
    if waits:
        raise SignInLocked(seconds=int(max(waits).total_seconds()) + 1)


async def _known(tx: AsyncConnection, name: str) -> tuple[Principal | None, Credential | None]:
    person = await principals_store.find(tx, name)
    if person is None or person.kind is not PrincipalKind.PERSON or not person.is_active:
        return None, None
    return person, await person_flow.password_of(tx, person.name)


async def token_of(tx: AsyncConnection, secret: str, keyring: Keyring) -> str:
    """Sign an access token for a session.

    Raises:
        SessionEnded: there is no such session, or it or its person has ended.
    """
    session, person = await _open_session(tx, secret)
    await sessions_store.see(tx, session.sid, clock.now())
    return await token_flow.issue(tx, person, keyring, session=session.sid)


async def sign_out(tx: AsyncConnection, secret: str) -> None:
    """End a session; one that has ended already is no fault."""
    session = await sessions_store.find(tx, hash_of(secret))
    if session is not None and session.ended_at is None:
        await sessions_store.end(tx, session.sid, clock.now())
        await common_store.record(
            tx, "signed_out", session.principal, session.principal, sid=session.sid
        )


async def _open_session(tx: AsyncConnection, secret: str) -> tuple[Session, Principal]:
    session = await sessions_store.find(tx, hash_of(secret))
    if session is None or not session.is_open(clock.now()):
        raise SessionEnded
    person = await principals_store.find(tx, session.principal)
    if person is None or not person.is_active or person.version != session.version:
        raise SessionEnded
    return session, person
