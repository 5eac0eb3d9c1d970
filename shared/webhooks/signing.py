"""Signatures of webhooks by Standard Webhooks: HMAC-SHA256 (v1) and Ed25519 (v1a)."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_BYTES = 32


class Scheme(StrEnum):
    """The way in which deliveries to an address are signed."""

    HMAC = "hmac"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret. Its text is told once where it is shared, and never where it is private."""

    scheme: Scheme
    value: bytes

    @classmethod
    def new(cls, scheme: Scheme) -> Secret:
        """Make a secret."""
        return cls(scheme, secrets.token_bytes(SECRET_BYTES))

    @property
    def shared(self) -> str | None:
        """Write the secret that the receiver needs too; None where a public key is enough."""
        return f"whsec_{_text(self.value)}" if self.scheme is Scheme.HMAC else None

    @property
    def public_key(self) -> str | None:
        """Write the public key that the receiver verifies with; None for a shared secret."""
        if self.scheme is Scheme.HMAC:
            return None
        public = Ed25519PrivateKey.from_private_bytes(self.value).public_key()
        return f"whpk_{_text(public.public_bytes_raw())}"

    def sign(self, message: bytes) -> str:
        """Return the signature of a message with its version."""
        if self.scheme is Scheme.HMAC:
            return f"v1,{_text(hmac.digest(self.value, message, 'sha256'))}"
        return f"v1a,{_text(Ed25519PrivateKey.from_private_bytes(self.value).sign(message))}"


def headers(
    message_id: str, timestamp: int, body: bytes, signers: Sequence[Secret]
) -> dict[str, str]:
    """Return the header fields of a delivery, signed with every secret that is in force."""
    message = f"{message_id}.{timestamp}.".encode() + body
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(one.sign(message) for one in signers),
    }


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
