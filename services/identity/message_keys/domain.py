"""Registered keys of clients' messages: which may be registered, and when one counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from services.identity.credentials.domain.public_key import PublicKey
from services.identity.principals.domain import Principal, PrincipalKind
from shared.errors import Fault, Kind, NotFound, Refusal
from shared.security.message_keys import MessageAlgorithm

KID_PATTERN: Final = r"^[A-Za-z0-9._:-]{1,64}$"
SLACK: Final = timedelta(minutes=5)
"""A first instant may lie this far back: clocks differ, and requests take time."""


class MessageKeyUnknown(NotFound):
    """没有此验签公钥 (no such message key)"""

    code = "MESSAGE_KEY_UNKNOWN"


class MessageKeyExists(Refusal):
    """此 kid 或此公钥已登记;公钥不得再次登记 (the kid or the key is registered already; a key is registered once)"""

    kind = Kind.CONFLICT
    code = "MESSAGE_KEY_EXISTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredKey:
    """A public key that a client signs its messages with.

    It counts from `valid_from` until before `valid_until`, and no longer once it is revoked. Its
    row stays, so that signatures of the past can be verified.
    """

    kid: str
    client: str
    algorithm: MessageAlgorithm
    public_key: Mapping[str, Any] = field(repr=False)
    thumbprint: str
    valid_from: datetime
    valid_until: datetime | None
    registered_by: str
    registered_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None


def faults_in(
    *,
    client: Principal | None,
    kid: str,
    algorithm: MessageAlgorithm,
    key: PublicKey | None,
    valid_from: datetime,
    valid_until: datetime | None,
    now: datetime,
) -> Iterator[Fault]:
    """List everything that is wrong with a key to be registered.

    Args:
        client: the principal that the request names, None when there is none.
        key: the public key, None when it is not fit at all.
    """
    if client is None or client.kind is not PrincipalKind.CLIENT:
        yield Fault("/client", "CLIENT_UNKNOWN", "未登记的客户端 (no such client)")
    if not re.fullmatch(KID_PATTERN, kid):
        yield Fault(
            "/kid",
            "KID_MALFORMED",
            "须为 1 至 64 个字母、数字或 . _ : - (1 to 64 letters, digits or . _ : -)",
        )
    if key is not None and key.key_type != algorithm.key_type:
        yield Fault(
            "/algorithm", "ALGORITHM_UNFIT", "算法与公钥类型不符 (the algorithm needs another key)"
        )
    if valid_from < now - SLACK:
        yield Fault("/valid_from", "VALIDITY_PAST", "不得早于现在 (a key cannot begin in the past)")
    if valid_until is not None and valid_until <= max(valid_from, now):
        yield Fault(
            "/valid_until",
            "VALIDITY_EMPTY",
            "须晚于生效时间和现在 (must be after the beginning and after now)",
        )
