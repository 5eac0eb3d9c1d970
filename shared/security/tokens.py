"""Access tokens: JWTs signed with Ed25519 by identity, their claims and what is read from them.

A token names its issuer (`iss`), the services that may accept it (`aud`), the key that signed it
(`kid`), itself (`jti`), the principal (`sub`) and the principal's version (`ver`). A change of the
principal raises the version, so that the tokens of before can be refused without a clock.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.errors import Kind, Refusal
from shared.roles import Caller, Role

ALGORITHM: Final = "Ed25519"
ISSUER: Final = "wuxian"
TOKEN_SECONDS: Final = 900
"""Default life of an access token."""
TOKEN_SECONDS_MAX: Final = 3600
"""Longest life that an installation may choose."""
CLOCK_SECONDS: Final = 60
"""How far the clock of identity may be ahead of a service's."""
_TYPE: Final = "at+jwt"
"""RFC 9068: no other JWT that one of our keys may sign is taken for an access token."""
UNITS_MAX: Final = 100
"""Units that one token may name."""


class BadToken(Refusal):
    """令牌缺失、无效、已过期或已撤销 (token missing, invalid, expired or revoked); identity's POST /v1/oauth/token gives one"""

    kind = Kind.UNAUTHENTICATED
    code = "TOKEN_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The contents of one verified token."""

    token_id: str
    principal: str
    version: int
    session: str | None
    expires_at: float
    caller: Caller


def new_key() -> OKPKey:
    """Make a signing key; its key id is the thumbprint of its public part."""
    key = OKPKey.generate_key("Ed25519", private=True)
    return OKPKey.import_key(key.as_dict(private=True) | {"kid": key.thumbprint()})


def public_of(key: OKPKey) -> dict[str, Any]:
    """Return the public part of a key, as a JWKS lists it."""
    found = key.as_dict(private=False)
    return {name: found[name] for name in ("kty", "crv", "x", "kid")} | {
        "use": "sig",
        "alg": ALGORITHM,
    }


def mint(
    key: OKPKey,
    caller: Caller,
    *,
    audience: Sequence[str],
    seconds: int = TOKEN_SECONDS,
    version: int = 1,
    session: str | None = None,
) -> str:
    """Sign a token that speaks for a caller to the services of its audience."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": caller.client or caller.subject,
        "aud": list(audience),
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(16),
        "ver": version,
        "role": caller.role.value,
        "level": caller.level.value,
        "district": caller.district,
    }
    if caller.client not in (None, caller.subject):
        claims["person"] = caller.subject
    if caller.units is not None:
        claims["units"] = sorted(caller.units)
    if session is not None:
        claims["sid"] = session
    header = {"alg": ALGORITHM, "typ": _TYPE, "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


def key_id_of(token: str) -> str | None:
    """Return the key id in a token's header, unverified; None when there is none."""
    try:
        kid = jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError, TypeError):
        return None
    return kid if isinstance(kid, str) else None


def read(token: str, keys: Mapping[str, OKPKey], audience: str | None) -> Claims:
    """Verify a token against public keys and read it; with `audience` None, whomever it is for.

    Raises:
        BadToken: anything wrong with it: its key, signature, issuer, audience, time or a claim.
    """
    key = keys.get(key_id_of(token) or "")
    if key is None:
        raise BadToken
    try:
        decoded = jwt.decode(token, key, algorithms=[ALGORITHM])
        claims = decoded.claims
        expires_at = float(claims["exp"])
        found = claims["aud"]
        meant = found if isinstance(found, list) else [found]
        begins_at = max(float(claims["iat"]), float(claims.get("nbf", 0)))
        is_ours = decoded.header.get("typ") == _TYPE and claims["iss"] == ISSUER
        if not is_ours or audience not in (None, *meant):
            raise BadToken
        if not begins_at - CLOCK_SECONDS <= time.time() < expires_at:
            raise BadToken
        principal, person = str(claims["sub"]), claims.get("person")
        units = claims.get("units")
        return Claims(
            token_id=str(claims["jti"]),
            principal=principal,
            version=int(claims["ver"]),
            session=claims.get("sid"),
            expires_at=expires_at,
            caller=Caller(
                subject=str(person or principal),
                client=principal,
                role=Role(claims["role"]),
                district=str(claims["district"]),
                units=None if units is None else frozenset(map(str, units)),
            ),
        )
    except (JoseError, ValueError, KeyError, TypeError):
        raise BadToken from None


def claims_of(caller: Caller) -> dict[str, Any]:
    """Return a token's claims about its bearer, for `GET /v1/me`."""
    return {
        "subject": caller.subject,
        "client": caller.client or caller.subject,
        "role": caller.role.value,
        "level": caller.level.value,
        "district": caller.district,
        "units": None if caller.units is None else sorted(caller.units),
    }
