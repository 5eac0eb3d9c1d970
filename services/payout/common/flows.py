"""Keys and seals for personal data: stored encrypted, found by a keyed hash, its readers noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.personal import BANK_HOLDER, BANK_NUMBER, NAME
from shared import trail
from shared.cn.identity_number import masked
from shared.ids import Ref, blind_key_of
from shared.roles import Caller
from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity
from shared.security.keyed_hash import keyed_hash
from shared.security.personal_data import PersonalCipher
from shared.security.transit import Transit


@dataclass(frozen=True, slots=True)
class PersonKeys:
    """The service's secrets for people: shard key, keyed hash, mask, encryption.

    `name`, `bank_number` and `bank_holder` seal what payout stores; `sent_number`
    and `sent_name` open what collection sends.
    """

    pepper: bytes
    cipher: FieldCipher
    sent_number: Transit
    sent_name: Transit
    name: PersonalCipher
    bank_number: PersonalCipher
    bank_holder: PersonalCipher

    @classmethod
    def of(cls, identity: Identity) -> PersonKeys:
        """Take the secrets from an installation's identity."""
        return cls(
            identity.pepper,
            FieldCipher(identity.field_keys),
            Transit(identity, "identity_number"),
            Transit(identity, "name"),
            *[
                PersonalCipher(identity.field_keys, label)
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
        return keyed_hash(self.pepper, f"person:{number}".encode())

    def blind_event(self, event: str) -> tuple[int, str]:
        """Compute the shard key and the keyed hash of an event that is known by a name."""
        digest = keyed_hash(self.pepper, f"benefit_event:{event}".encode())
        return int.from_bytes(digest[:8], "big") >> 1, digest.hex()

    def seal(self, number: str) -> bytes:
        """Encrypt a number for storing."""
        return self.cipher.seal(number)

    def mask(self, sealed: bytes) -> str:
        """Decrypt a number and mask it for lists."""
        return masked(self.cipher.open(sealed))


async def record_reading(
    tx: AsyncConnection, paper: str, ref: Ref, step: str, lines: Sequence[int], by: Caller
) -> None:
    """Write into a paper's trail who has read the whole values of which lines; none, no step."""
    if not lines:
        return
    reading = trail.Step(
        shard_key=ref.key,
        paper=paper,
        paper_id=ref.id,
        step=step,
        signs=False,
        detail={"from": lines[0], "to": lines[-1]},
    )
    await trail.record(tx, reading, by)
