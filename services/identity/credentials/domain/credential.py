"""Credentials: secrets of clients, their public keys, passwords and second factors."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

SECRET_BYTES: Final = 32


class CredentialKind(StrEnum):
    """The kind of a credential."""

    CLIENT_SECRET = "client_secret"
    PASSWORD = "password"
    TOTP = "totp"
    PUBLIC_KEY = "public_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A credential that is in force."""

    id: UUID
    kind: CredentialKind
    value: str
    created_at: datetime
    ends_at: datetime | None
    must_change: bool = False
    last_step: int | None = None


def new_secret() -> str:
    """Make a client's secret: 256 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> str:
    """Return the stored form of a random secret. It cannot be guessed, so one hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret: str, stored: str) -> bool:
    """Compare a secret with its stored form in constant time."""
    return hmac.compare_digest(hash_of(secret), stored)
