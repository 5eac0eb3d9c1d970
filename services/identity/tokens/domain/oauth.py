"""OAuth 2.0: how a client proves itself at the token door (RFC 6749, 7009, 7523), and the refusals."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

CLIENT_CREDENTIALS: Final = "client_credentials"
JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS: Final = 300
"""Longest life of a client's assertion."""
_ALGORITHMS: Final = ("Ed25519", "EdDSA", "ES256", "PS256", "RS256")
_LENGTH_MAX: Final = 8192


class OAuthRefusal(Exception):
    """A refusal in the words of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, *, challenge: bool = False) -> None:
        self.error, self.description, self.challenge = error, description, challenge
        super().__init__(description)


def invalid_client(*, challenge: bool = False) -> OAuthRefusal:
    """Build the one answer to every client that did not prove itself, for whatever reason."""
    return OAuthRefusal(
        "invalid_client",
        "客户端标识或凭据错误,或已停用 (unknown client, wrong credential, or disabled)",
        challenge=challenge,
    )


def invalid_request(description: str) -> OAuthRefusal:
    """Build the answer to a request of the wrong form."""
    return OAuthRefusal("invalid_request", description)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProof:
    """The proof that a request brings: a secret, or a signed assertion."""

    client: str
    secret: str | None = None
    assertion: str | None = None
    challenge: bool = False
    """True when it came by HTTP Basic: then the refusal names that scheme."""


def proof_in(authorization: str, form: Mapping[str, str]) -> ClientProof:
    """Read a client's proof from a request.

    Raises:
        OAuthRefusal: there is none, more than one, or one of the wrong form.
    """
    if any(len(value) > _LENGTH_MAX for value in (authorization, *form.values())):
        raise invalid_request("参数过长 (a parameter is too long)")
    if any("\0" in value for value in form.values()):
        raise invalid_request("参数含空字符 (a parameter has a NUL character)")
    scheme, _, encoded = authorization.partition(" ")
    by_header = scheme.lower() == "basic"
    if sum((by_header, "client_secret" in form, "client_assertion" in form)) > 1:
        raise invalid_request("只能使用一种客户端认证方式 (use one way to authenticate the client)")
    if by_header:
        return _basic(encoded, form)
    if "client_assertion" in form:
        return _assertion(form)
    if "client_id" in form and "client_secret" in form:
        return ClientProof(client=form["client_id"], secret=form["client_secret"])
    raise invalid_client(challenge=True)


def _basic(encoded: str, form: Mapping[str, str]) -> ClientProof:
    try:
        plain = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_client(challenge=True) from None
    client, colon, secret = plain.partition(":")
    client = unquote_plus(client)
    if not colon or form.get("client_id", client) != client:
        raise invalid_client(challenge=True)
    return ClientProof(client=client, secret=unquote_plus(secret), challenge=True)


def _assertion(form: Mapping[str, str]) -> ClientProof:
    if form.get("client_assertion_type") != JWT_BEARER:
        raise invalid_request(f"client_assertion_type 须为 {JWT_BEARER} (must be this)")
    # The name is only claimed until a key of this client has verified the signature.
    client = form.get("client_id") or _claimed(form["client_assertion"])
    if not client:
        raise invalid_client()
    return ClientProof(client=client, assertion=form["client_assertion"])


def _claimed(assertion: str) -> str:
    try:
        padded = assertion.split(".")[1]
        claims = base64.urlsafe_b64decode(padded + "=" * (-len(padded) % 4))
        found = json.loads(claims)
        return str(found.get("sub", "")) if isinstance(found, dict) else ""
    except (IndexError, ValueError):
        return ""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion: it may be used once, until it expires."""

    jti: str
    expires_at: float


def verify_assertion(
    proof: ClientProof, keys: Iterable[str], audiences: frozenset[str], now: float
) -> Assertion:
    """Verify a client's signed assertion (RFC 7523, section 3).

    Raises:
        OAuthRefusal: no key of the client signed it, or a claim is wrong.
    """
    claims = _signed_claims(proof.assertion or "", keys)
    try:
        expires_at = float(claims["exp"])
        meant = claims["aud"]
        named = set(meant) if isinstance(meant, list) else {meant}
        jti = claims["jti"]
        right = (
            claims["iss"] == claims["sub"] == proof.client
            and bool(named & audiences)
            and now < expires_at <= now + ASSERTION_SECONDS
            and float(claims.get("nbf", 0)) <= now
            and isinstance(jti, str)
            and 1 <= len(jti) <= 200
        )
    except (KeyError, TypeError, ValueError):
        raise invalid_client() from None
    if not right:
        raise invalid_client()
    return Assertion(jti, expires_at)


def _signed_claims(assertion: str, keys: Iterable[str]) -> Mapping[str, Any]:
    for row in keys:
        try:
            key = JWKRegistry.import_key(json.loads(row))
            return jwt.decode(assertion, key, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError, TypeError):
            continue
    raise invalid_client()
