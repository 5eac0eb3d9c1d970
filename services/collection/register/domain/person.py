"""Persons (参保人): keys that hide the identity number, and masked names."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from shared.cn import identity_number
from shared.errors import Fault
from shared.ids import Ref
from shared.references import Reference
from shared.security.keyed_hash import keyed_hash

_MESSAGES = {
    "IDENTITY_NUMBER_SHAPE": "身份号码须为18位 (it must have eighteen characters)",
    "IDENTITY_NUMBER_DATE": "身份号码中的出生日期无效 (the date of birth does not exist)",
    "IDENTITY_NUMBER_CHECK_DIGIT": "身份号码校验位错误 (the check digit is wrong)",
}


@dataclass(frozen=True, slots=True)
class PersonKey:
    """Key of a person without the identity number.

    `tag` is the whole keyed hash of the number; `id` (the shard key) and `uuid` are its first bytes.
    """

    id: int
    uuid: UUID
    tag: bytes

    @property
    def ref(self) -> str:
        """Return the opaque reference that clients see."""
        return Ref(self.id, self.uuid).text(Reference.PERSON)


def key_of_person(number: str, pepper: bytes) -> PersonKey:
    """Compute the key of an identity number; `id` equals `shared.ids.blind_key_of("person", …)`."""
    tag = keyed_hash(pepper, f"person:{number}".encode())
    return PersonKey(int.from_bytes(tag[:8], "big") >> 1, UUID(bytes=tag[8:24]), tag)


def id_of_person(number: str, pepper: bytes) -> int:
    """Compute only the shard key; a declaration of ten thousand people needs nothing else."""
    tag = keyed_hash(pepper, f"person:{number}".encode())
    return int.from_bytes(tag[:8], "big") >> 1


def number_fault(number: str, pointer: str) -> Fault | None:
    """Check an identity number. The fault never repeats the number."""
    code = identity_number.fault_in(number)
    return None if code is None else Fault(pointer, code, _MESSAGES.get(code, code))


def masked_name(name: str) -> str:
    """Mask a name for lists: 张**."""
    return name[:1] + "*" * (len(name) - 1)
