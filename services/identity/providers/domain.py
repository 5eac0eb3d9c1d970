"""Sign-in by an OpenID provider: refusals, and which claims of an ID token are accepted."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.errors import Kind, NotFound, Refusal

ATTEMPT_LASTS: Final = timedelta(minutes=10)
"""Time for a person to sign in at the provider."""
LEEWAY_SECONDS: Final = 30


class ProviderAbsent(NotFound):
    """未配置外部登录 (this installation has no OpenID provider)"""

    code = "PROVIDER_ABSENT"


class ProviderUnavailable(Refusal):
    """外部登录服务暂不可用,请稍后再试 (the OpenID provider does not answer; try again later)"""

    kind = Kind.UNAVAILABLE
    code = "PROVIDER_UNAVAILABLE"


class ProviderRefused(Refusal):
    """外部登录未通过,或该人员未登记、已停用 (the provider refused, or the person is unknown here or disabled)"""

    kind = Kind.UNAUTHENTICATED
    code = "PROVIDER_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAttempt:
    """A sign-in that is under way at the provider."""

    nonce: str
    code_verifier: str
    expires_at: datetime


def name_in(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    name_claim: str,
    now: float,
) -> str:
    """Return the person's name in the claims of an ID token whose signature was verified.

    Raises:
        ProviderRefused: a claim is wrong (OpenID Connect Core, section 3.1.3.7).
    """
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    name, found = claims.get(name_claim), claims.get("nonce")
    expires = claims.get("exp")
    right = (
        claims.get("iss") == issuer
        and client_id in meant
        and (len(meant) == 1 or claims.get("azp") == client_id)
        and isinstance(expires, int)
        and expires + LEEWAY_SECONDS > now
        and isinstance(found, str)
        and hmac.compare_digest(found.encode(), nonce.encode())
        and isinstance(name, str)
        and 1 <= len(name) <= 64
        and "\0" not in name
    )
    if not right:
        raise ProviderRefused
    return str(name)
