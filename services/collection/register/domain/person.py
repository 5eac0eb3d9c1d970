"""Persons (参保人): their keys, which are blind, and how lists show them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from shared.cn import identity_number
from shared.errors import Fault
from shared.ids import Ref
from shared.references import Reference

_MESSAGES = {
    "IDENTITY_NUMBER_SHAPE": "身份号码须为18位 (not eighteen characters)",
    "IDENTITY_NUMBER_DATE": "身份号码中的出生日期无效 (no such day of birth)",
    "IDENTITY_NUMBER_CHECK_DIGIT": "身份号码校验位错误 (wrong check digit)",
}


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person without the number: shard key, uuid and the whole blind index they are heads of."""

    id: int
    uuid: UUID
    tag: bytes

    @property
    def ref(self) -> str:
        """The opaque reference that clients see."""
        return Ref(self.id, self.uuid).text(Reference.PERSON)


def key_of_person(number: str, pepper: bytes) -> PersonKey:
    """The key of an identity number; `id` equals `shared.ids.blind_key_of("person", …)`."""
    tag = hmac.digest(pepper, f"person:{number}".encode(), hashlib.sha256)
    return PersonKey(int.from_bytes(tag[:8], "big") >> 1, UUID(bytes=tag[8:24]), tag)


def id_of_person(number: str, pepper: bytes) -> int:
    """The shard key alone: what a declaration of ten thousand needs of each."""
    tag = hmac.digest(pepper, f"person:{number}".encode(), hashlib.sha256)
    return int.from_bytes(tag[:8], "big") >> 1


def number_fault(number: str, pointer: str) -> Fault | None:
    """What is wrong with an identity number; the number itself is never repeated."""
    code = identity_number.fault_in(number)
    return None if code is None else Fault(pointer, code, _MESSAGES.get(code, code))


def masked_name(name: str) -> str:
    """A name as lists show it: 张**."""
    return name[:1] + "*" * (len(name) - 1)
