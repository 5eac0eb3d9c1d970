"""Sign-in by an OpenID provider: refusals, addresses of return, and which ID tokens are accepted."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from services.identity.principals.domain import Principal, PrincipalKind
from shared.errors import Kind, NotFound, Refusal

ATTEMPT_LASTS: Final = timedelta(minutes=10)
"""Time for a person to sign in at the provider."""
LEEWAY_SECONDS: Final = 30
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class ProviderAbsent(NotFound):
    """未配置外部登录 (this installation has no OpenID provider)"""

    code = "PROVIDER_ABSENT"


class ProviderUnavailable(Refusal):
    """外部登录服务暂不可用,请稍后再试 (the OpenID provider does not answer; try again later)"""

    kind = Kind.UNAVAILABLE
    code = "PROVIDER_UNAVAILABLE"


class ProviderRefused(Refusal):
    """外部登录服务没有确认该人员,请重新登录 (the OpenID provider does not vouch for this sign-in: sign in again)"""

    kind = Kind.UNAUTHENTICATED
    code = "PROVIDER_REFUSED"


class ProviderTokenUnfit(Refusal):
    """外部登录服务发来的身份令牌无效 (the OpenID provider's ID token is not valid here)"""

    kind = Kind.UNAUTHENTICATED
    code = "PROVIDER_TOKEN_UNFIT"


class ProviderPersonUnknown(Refusal):
    """外部登录成功,但该账号未与本系统人员关联,或该人员已停用;请找系统管理员 (you are signed in at the provider, but your account there is linked to nobody here, or to a disabled person: ask an administrator)"""

    kind = Kind.UNAUTHENTICATED
    code = "PROVIDER_PERSON_UNKNOWN"


class ProviderAttemptUnknown(Refusal):
    """此次外部登录已用过、已过期或不是从这里开始的,请重新登录 (this sign-in was used already, is too old, or was not begun here: sign in again)"""

    kind = Kind.UNAUTHENTICATED
    code = "PROVIDER_ATTEMPT_UNKNOWN"


class RedirectRefused(Refusal):
    """返回地址既不是操作台登记的地址,也不是本机地址 (the address of return is neither the console's nor one of the person's own machine)"""

    kind = Kind.INVALID
    code = "REDIRECT_REFUSED"


class CommandSignInOff(Refusal):
    """命令行不得由外部登录;如需开启,为身份服务设 WUXIAN_OIDC_COMMANDS=true,多人共用的主机上不要开启 (commands may not sign in at the OpenID provider; to allow it set WUXIAN_OIDC_COMMANDS=true for identity, but not where several people share a host)"""

    kind = Kind.INVALID
    code = "COMMAND_SIGN_IN_OFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAttempt:
    """A sign-in that is under way at the provider."""

    nonce: str
    code_verifier: str
    redirect_url: str
    expires_at: datetime


def redirect_of(wanted: str | None, registered: str, *, may_be_command: bool) -> str:
    """Return where the provider shall send a person back to: the console, or a command that waits.

    A command listens on its own machine, at whatever port is free (RFC 8252, section 7.3). On a
    host that several people share, one of them could listen there and send another person to the
    provider; so commands are allowed only where the site says so.

    Raises:
        RedirectRefused: it is neither.
        CommandSignInOff: it is a command's, and this site allows none.
    """
    if wanted is None or wanted == registered:
        return registered
    try:
        parts = urlsplit(wanted)
        is_own = parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.port is not None
    except ValueError:
        is_own = False
    if not is_own or parts.username or parts.path != "/" or parts.query or parts.fragment:
        raise RedirectRefused
    if not may_be_command:
        raise CommandSignInOff
    return wanted


def subject_in(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    subject_claim: str,
    acr: str | None,
    now: float,
) -> str:
    """Return what the provider calls the person, from an ID token whose signature was verified.

    Raises:
        ProviderTokenUnfit: a claim is wrong (OpenID Connect Core, section 3.1.3.7); `claim` names it.
    """
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    subject, found = claims.get(subject_claim), claims.get("nonce")
    expires = claims.get("exp")
    right = {
        "iss": claims.get("iss") == issuer,
        "aud": client_id in meant and (len(meant) == 1 or claims.get("azp") == client_id),
        "exp": isinstance(expires, int | float) and expires + LEEWAY_SECONDS > now,
        "nonce": isinstance(found, str) and hmac.compare_digest(found.encode(), nonce.encode()),
        "acr": acr is None or claims.get("acr") == acr,
        subject_claim: isinstance(subject, str) and subject != "",
    }
    wrong = next((claim for claim, fits in right.items() if not fits), None)
    if wrong is not None:
        raise ProviderTokenUnfit(claim=wrong)
    return str(subject)


def require_known(person: Principal | None, subject: str) -> Principal:
    """Return the person whom an account of the provider is linked to.

    Raises:
        ProviderPersonUnknown: there is none, or the person is disabled.
    """
    if person is None or person.kind is not PrincipalKind.PERSON or not person.is_active:
        raise ProviderPersonUnknown(provider_subject=subject[:255])
    return person
