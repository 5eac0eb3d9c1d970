"""How this service keeps a person: found by a blind key, the number itself only sealed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from shared.cn.identity_number import masked
from shared.ids import blind_key_of
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity


@dataclass(frozen=True, slots=True)
class People:
    """Turns identity numbers into keys, blind indexes and sealed values, and back into masks."""

    pepper: bytes
    cipher: FieldCipher

    @classmethod
    def of(cls, identity: Identity) -> People:
        """With the secrets of an installation."""
        return cls(identity.pepper, FieldCipher(identity.field_key))

    def key(self, number: str) -> int:
        """The person's shard key."""
        return blind_key_of("person", number, self.pepper)

    def blind(self, number: str) -> bytes:
        """The whole keyed hash: two persons may share a key, never this."""
        return hmac.new(self.pepper, f"person:{number}".encode(), hashlib.sha256).digest()

    def seal(self, number: str) -> bytes:
        """The number, sealed for storing."""
        return self.cipher.seal(number)

    def mask(self, sealed: bytes) -> str:
        """A sealed number as lists show it."""
        return masked(self.cipher.open(sealed))
