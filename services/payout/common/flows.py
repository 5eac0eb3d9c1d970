"""Keys and seals for identity numbers: stored encrypted, found by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from shared.cn.identity_number import masked
from shared.ids import blind_key_of
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity


@dataclass(frozen=True, slots=True)
class PersonKeys:
    """The installation's secrets for people: shard key, keyed hash, mask, encryption of numbers.

    `names` opens the names that collection sealed.
    """

    pepper: bytes
    cipher: FieldCipher
    names: FieldCipher

    @classmethod
    def of(cls, identity: Identity) -> PersonKeys:
        """Take the secrets from an installation's identity."""
        return cls(
            identity.pepper,
            FieldCipher(identity.field_key),
            FieldCipher(identity.field_key, "name"),
        )

    def key(self, number: str) -> int:
        """Compute the person's shard key."""
        return blind_key_of("person", number, self.pepper)

    def blind(self, number: str) -> bytes:
        """Compute the whole keyed hash. Two persons may share a shard key, but never this."""
        return hmac.new(self.pepper, f"person:{number}".encode(), hashlib.sha256).digest()

    def seal(self, number: str) -> bytes:
        """Encrypt a number for storing."""
        return self.cipher.seal(number)

    def mask(self, sealed: bytes) -> str:
        """Decrypt a number and mask it for lists."""
        return masked(self.cipher.open(sealed))
