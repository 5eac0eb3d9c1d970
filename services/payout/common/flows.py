"""Keys and seals for personal data: stored encrypted, found by a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from services.payout.common.personal import BANK_HOLDER, BANK_NUMBER, NAME
from shared.cn.identity_number import masked
from shared.ids import blind_key_of
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from shared.security.personal_data import PersonalCipher


@dataclass(frozen=True, slots=True)
class PersonKeys:
    """The installation's secrets for people: shard key, keyed hash, mask, encryption.

    `name`, `bank_number` and `bank_holder` seal what payout stores; `names` opens the names that
    collection sealed.
    """

    pepper: bytes
    cipher: FieldCipher
    names: FieldCipher
    name: PersonalCipher
    bank_number: PersonalCipher
    bank_holder: PersonalCipher

    @classmethod
    def of(cls, identity: Identity) -> PersonKeys:
        """Take the secrets from an installation's identity."""
        return cls(
            identity.pepper,
            FieldCipher(identity.field_key),
            FieldCipher(identity.field_key, "name"),
            *[
                PersonalCipher(identity.field_key, label)
                for label in (NAME, BANK_NUMBER, BANK_HOLDER)
            ],
        )

    @property
    def by_label(self) -> Mapping[str, PersonalCipher]:
        """Return the ciphers of stored columns by the meaning of their values."""
        return {NAME: self.name, BANK_NUMBER: self.bank_number, BANK_HOLDER: self.bank_holder}

    def key(self, number: str) -> int:
        """Compute the person's shard key."""
        return blind_key_of("person", number, self.pepper)

    def blind(self, number: str) -> bytes:
        """Compute the whole keyed hash. Two persons may share a shard key, but never this."""
        return hmac.new(self.pepper, f"person:{number}".encode(), hashlib.sha256).digest()

    def blind_event(self, event: str) -> tuple[int, str]:
        """Compute the shard key and the keyed hash of an event that is known by a name."""
        digest = hmac.digest(self.pepper, f"benefit_event:{event}".encode(), "sha256")
        return int.from_bytes(digest[:8], "big") >> 1, digest.hex()

    def seal(self, number: str) -> bytes:
        """Encrypt a number for storing."""
        return self.cipher.seal(number)

    def mask(self, sealed: bytes) -> str:
        """Decrypt a number and mask it for lists."""
        return masked(self.cipher.open(sealed))
