"""Shapes of tokens, keys and the trust answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.schema import Out


class TokenOut(Out):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str = "Bearer"
    expires_in: int


class OAuthErrorOut(Out):
    """A refusal of the token door (RFC 6749, section 5.2)."""

    error: str
    error_description: str


class PublicKeyOut(Out):
    """A public key as a JWK (RFC 7517)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class KeySetOut(Out):
    """The public keys in force (RFC 7517)."""

    keys: list[PublicKeyOut]

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> KeySetOut:
        """Build the set."""
        return cls(keys=[PublicKeyOut(**row) for row in rows])


class RevokedOut(Out):
    """Revocations that a living token can still meet.

    `principals` has the SHA-256 of a name, cut to 32 digits, and the lowest version that counts.
    `disabled` has those who are disabled, however long ago: nothing is sent to them any more.
    """

    tokens: list[str]
    sessions: list[str]
    principals: dict[str, int]
    disabled: list[str]


class TrustedMessageKeyOut(Out):
    """A public key that verifies a client's signed messages (RFC 9421).

    `client` is the SHA-256 of the client's name, cut to 32 digits.
    """

    kid: str
    client: str
    algorithm: str
    public_key: dict[str, Any]
    valid_from: datetime
    valid_until: datetime | None


class TrustOut(KeySetOut):
    """The answer that services verify tokens and signed messages with.

    `message_keys` are those in force. `roles` has the rights of roles that two people have changed from the shipped table.
    """

    message_keys: list[TrustedMessageKeyOut]
    revoked: RevokedOut
    roles: dict[str, list[str]]
