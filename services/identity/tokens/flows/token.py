"""Giving and revoking access tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.credentials.flows import client as client_flow
from services.identity.principals import store as principals_store
from services.identity.principals.domain import Principal
from services.identity.tokens.domain.oauth import (
    CLIENT_CREDENTIALS,
    ClientProof,
    OAuthRefusal,
    invalid_client,
    invalid_request,
    proof_in,
    verify_assertion,
)
from services.identity.tokens.flows import trust as trust_flow
from services.identity.tokens.flows.keyring import Keyring
from services.identity.tokens.store import revocation as revocation_store
from shared import clock
from shared.security.audience import audience_of
from shared.security.tokens import BadToken, mint, read


async def prove(
    tx: AsyncConnection,
    authorization: str,
    form: Mapping[str, str],
    audiences: frozenset[str],
) -> Principal:
    """Return the client that proves itself in a request.

    Raises:
        OAuthRefusal: it does not, or it or the person behind it is disabled.
    """
    proof = proof_in(authorization, form)
    client = await principals_store.find(tx, proof.client)
    if client is None or client.name != proof.client:
        raise invalid_client(challenge=proof.challenge)
    if proof.secret is not None:
        if not await client_flow.secret_is_right(tx, client.name, proof.secret):
            raise invalid_client(challenge=proof.challenge)
    else:
        await _use_assertion(tx, proof, audiences)
    if not await may_sign_in(tx, client):
        raise invalid_client(challenge=proof.challenge)
    return client


async def _use_assertion(
    tx: AsyncConnection, proof: ClientProof, audiences: frozenset[str]
) -> None:
    keys = await client_flow.public_keys(tx, proof.client)
    assertion = verify_assertion(proof, keys, audiences, time.time())
    expires_at = datetime.fromtimestamp(assertion.expires_at, UTC)
    fresh = await revocation_store.use_assertion(
        tx, proof.client, assertion.jti, expires_at, clock.now()
    )
    if not fresh:
        raise invalid_client()


async def may_sign_in(tx: AsyncConnection, principal: Principal) -> bool:
    """Tell whether a principal and the person behind it are active."""
    if not principal.is_active:
        return False
    if principal.person is None:
        return True
    person = await principals_store.find(tx, principal.person)
    return person is not None and person.is_active


async def grant(
    tx: AsyncConnection,
    authorization: str,
    form: Mapping[str, str],
    keyring: Keyring,
    audiences: frozenset[str],
) -> str:
    """Give a client an access token (RFC 6749, section 4.4).

    Raises:
        OAuthRefusal: the grant is another, or the client does not prove itself.
    """
    if "grant_type" not in form:
        raise invalid_request("缺少 grant_type (grant_type is missing)")
    if form["grant_type"] != CLIENT_CREDENTIALS:
        raise OAuthRefusal(
            "unsupported_grant_type", f"仅支持 {CLIENT_CREDENTIALS} (only this grant is supported)"
        )
    client = await prove(tx, authorization, form, audiences)
    return await issue(tx, client, keyring)


async def revoke(
    tx: AsyncConnection, authorization: str, form: Mapping[str, str], audiences: frozenset[str]
) -> None:
    """Revoke a token of the client that asks (RFC 7009). An unknown or expired token is no fault.

    Raises:
        OAuthRefusal: no token is named, or the client does not prove itself.
    """
    client = await prove(tx, authorization, form, audiences)
    if "token" not in form:
        raise invalid_request("缺少 token (token is missing)")
    keys = {row["kid"]: OKPKey.import_key(row) for row in await trust_flow.public_keys(tx)}
    try:
        claims = read(form["token"], keys, None)
    except BadToken:
        return
    if claims.principal == client.name:
        await revocation_store.revoke(tx, claims.token_id, client.name)
        await common_store.record(
            tx, "token_revoked", client.name, client.name, jti=claims.token_id
        )


async def issue(
    tx: AsyncConnection, principal: Principal, keyring: Keyring, session: str | None = None
) -> str:
    """Sign a token for a principal that has proved itself."""
    return mint(
        await keyring.signing(tx),
        principal.caller(),
        audience=audience_of(principal.role),
        seconds=keyring.token_seconds,
        version=principal.version,
        session=session,
    )
