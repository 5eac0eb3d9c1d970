"""Signing a person in by the site's OpenID provider (authorization code with PKCE).

Between the two transactions the person is at the provider; no request to it is made inside one.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.principals import store as principals_store
from services.identity.principals.domain import Principal, PrincipalKind
from services.identity.providers import store as providers_store
from services.identity.providers.clients import Provider
from services.identity.providers.domain import (
    ATTEMPT_LASTS,
    ProviderAttempt,
    ProviderRefused,
    name_in,
)
from services.identity.sessions import flows as sessions_flow
from services.identity.sessions.domain import Session
from shared import clock
from shared.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A person's return from the provider."""

    code: str
    state: str
    address: str


async def begin(db: Database, provider: Provider) -> tuple[str, str]:
    """Begin a sign-in; return the address at the provider, and the state that the browser keeps."""
    state = secrets.token_urlsafe(32)
    attempt = ProviderAttempt(
        nonce=secrets.token_urlsafe(32),
        code_verifier=secrets.token_urlsafe(48),
        expires_at=clock.now() + ATTEMPT_LASTS,
    )
    address = await provider.address_of(
        state=state, nonce=attempt.nonce, code_verifier=attempt.code_verifier
    )
    await db.run(lambda tx: providers_store.insert(tx, _hash(state), attempt))
    return address, state


async def finish(
    db: Database, provider: Provider, back: Return, name_claim: str
) -> tuple[Session, str, Principal]:
    """Open a session for the person that the provider names.

    Raises:
        ProviderRefused: the state is unknown, the provider refuses, or the person may not sign in.
        ProviderUnavailable: the provider does not answer.
    """
    attempt = await db.run(lambda tx: providers_store.take(tx, _hash(back.state), clock.now()))
    if attempt is None:
        raise ProviderRefused
    claims = await provider.claims_of(back.code, attempt.code_verifier)
    name = name_in(
        claims,
        issuer=provider.issuer,
        client_id=provider.client_id,
        nonce=attempt.nonce,
        name_claim=name_claim,
        now=time.time(),
    )
    return await db.run(lambda tx: _open(tx, name, back.address))


async def _open(tx: AsyncConnection, name: str, address: str) -> tuple[Session, str, Principal]:
    person = await principals_store.find(tx, name)
    if person is None or person.kind is not PrincipalKind.PERSON or not person.is_active:
        raise ProviderRefused
    return await sessions_flow.open_session(tx, person, address, by="provider")


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
