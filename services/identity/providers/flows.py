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
from services.identity.principals.domain import Principal
from services.identity.providers import store as providers_store
from services.identity.providers.clients import Provider
from services.identity.providers.domain import (
    ATTEMPT_LASTS,
    ProviderAttempt,
    ProviderAttemptUnknown,
    ProviderRefused,
    redirect_of,
    require_known,
    subject_in,
)
from services.identity.sessions import flows as sessions_flow
from services.identity.sessions.domain import Session
from shared import clock
from shared.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A person's return from the provider. `issuer` is what the return says it is (RFC 9207)."""

    code: str
    state: str
    issuer: str | None
    address: str


async def begin(db: Database, provider: Provider, redirect_url: str | None) -> tuple[str, str]:
    """Begin a sign-in; return the address at the provider, and the state that the browser keeps.

    Raises:
        RedirectRefused, CommandSignInOff: nobody may be sent back there.
        ProviderUnavailable: the provider does not answer.
    """
    state = secrets.token_urlsafe(32)
    attempt = ProviderAttempt(
        nonce=secrets.token_urlsafe(32),
        code_verifier=secrets.token_urlsafe(48),
        redirect_url=redirect_of(
            redirect_url, provider.redirect_url, may_be_command=provider.has_commands
        ),
        expires_at=clock.now() + ATTEMPT_LASTS,
    )
    address = await provider.address_of(attempt, state)
    await db.run(lambda tx: providers_store.insert(tx, _hash(state), attempt))
    return address, state


async def finish(
    db: Database, provider: Provider, back: Return, subject_claim: str
) -> tuple[Session, str, Principal]:
    """Open a session for the person whom the provider's subject is linked to.

    Raises:
        ProviderAttemptUnknown: the state is unknown, used, or too old.
        ProviderRefused: the provider refuses the code, or another one sent the person back.
        ProviderTokenUnfit: its ID token is not for us, not for this sign-in, or too old.
        ProviderPersonUnknown: the subject is linked to nobody, or to a disabled person.
        ProviderUnavailable: the provider does not answer.
    """
    attempt = await db.run(lambda tx: providers_store.take(tx, _hash(back.state), clock.now()))
    if attempt is None:
        raise ProviderAttemptUnknown
    if back.issuer not in {None, provider.issuer}:
        raise ProviderRefused(issuer=back.issuer)
    claims = await provider.claims_of(back.code, attempt)
    subject = subject_in(
        claims,
        issuer=provider.issuer,
        client_id=provider.client_id,
        nonce=attempt.nonce,
        subject_claim=subject_claim,
        acr=provider.acr,
        now=time.time(),
    )
    return await db.run(lambda tx: _open(tx, subject, back.address))


async def _open(tx: AsyncConnection, subject: str, address: str) -> tuple[Session, str, Principal]:
    person = require_known(await principals_store.find_by_subject(tx, subject), subject)
    return await sessions_flow.open_session(tx, person, address, by="provider")


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
