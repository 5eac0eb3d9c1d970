"""Signing keys: when a key signs, and how long its tokens are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.security.tokens import TOKEN_SECONDS_MAX

PUBLISHED_BEFORE: Final = timedelta(seconds=15)
"""A new key is published this long before it signs: every service asks more often than that."""
MARGIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A signing key; its private part is sealed."""

    kid: str
    public: dict[str, Any]
    sealed: bytes
    signs_from: datetime
    trusted_until: datetime | None


def signing_now(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key that signs: the newest whose time has come; None when there is none."""
    ready = [
        key
        for key in keys
        if key.signs_from <= now and (key.trusted_until is None or key.trusted_until > now)
    ]
    return max(ready, key=lambda key: key.signs_from, default=None)


def trusted_until(signs_from: datetime) -> datetime:
    """Return until when the key of before is trusted: until its last token has expired."""
    return signs_from + timedelta(seconds=TOKEN_SECONDS_MAX) + MARGIN
