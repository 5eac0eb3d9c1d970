"""Identifiers: time-ordered uuids, and references that carry their shard key.

A reference such as `dcl_<key><uuid>` is opaque to clients; inside, its first 16 hex digits are the
shard key, so that every statement about the thing can name its key without a look-up.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass
from uuid import UUID

from shared.errors import Kind, Refusal
from shared.references import Reference
from shared.security.keyed_hash import keyed_hash

_REF = re.compile(r"^([a-z]{3})_([0-7][0-9a-f]{15})([0-9a-f]{32})$")
_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))
"""First random byte of an id → the same with the variant in its upper bits."""


class NotAReference(Refusal):
    """标识无效 (not an identifier of this kind)"""

    kind = Kind.NOT_FOUND
    code = "REFERENCE_MALFORMED"


def uuid7() -> UUID:
    """Return a new uuid that sorts by time (RFC 9562 version 7); keeps index pages warm."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[UUID]:
    """Return that many of them; the ids of a bulk job cost half as much together."""
    return [UUID(bytes=raw) for raw in uuid7_bytes(count)]


def uuid7_bytes(count: int) -> list[bytes]:
    """Return that many of them as sixteen bytes each; those of one call have no order.

    The twelve bits after the millisecond are its fraction (RFC 9562, section 6.2, method 3), so
    that rows of one transaction which one process writes one after the other sort as they were
    written: steps of a trail have the time of their transaction.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = rest * 4096 // 1_000_000
    head = (milliseconds << 16 | 0x7000 | fraction).to_bytes(8, "big")
    tails = bytearray(os.urandom(8 * count))
    tails[0::8] = tails[0::8].translate(_VARIANT)
    return [head + tails[begin : begin + 8] for begin in range(0, 8 * count, 8)]


@dataclass(frozen=True, slots=True)
class Ref:
    """A thing's shard key (0 … 2**63-1) and its uuid."""

    key: int
    id: UUID

    @classmethod
    def new(cls, key: int) -> Ref:
        """Return a new reference under a key."""
        return cls(key, uuid7())

    @classmethod
    def parse(cls, kind: Reference, text: str) -> Ref:
        """Read a reference of this kind, for instance "dcl_…".

        Raises:
            NotAReference: another kind or shape.
        """
        found = _REF.fullmatch(text)
        if not found or found[1] != kind:
            raise NotAReference(expected=f"{kind}_…")
        return cls(int(found[2], 16), UUID(found[3]))

    def text(self, kind: Reference) -> str:
        """Write the reference, for instance "dcl_…"."""
        return f"{kind}_{self.key:016x}{self.id.hex}"


def key_in(text: str) -> int | None:
    """Return the shard key in a reference of any kind; None when it is none."""
    found = _REF.fullmatch(text)
    return None if found is None else int(found[2], 16)


def key_of(space: str, text: str) -> int:
    """Return the stable 63-bit shard key of a natural key, for instance of a credit code.

    Two natural keys may share it in principle; whoever stores by it compares the natural key too.
    """
    digest = hashlib.sha256(f"{space}:{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def blind_key_of(space: str, text: str, pepper: bytes) -> int:
    """Like `key_of` for a secret natural key (an identity number): useless without the pepper."""
    digest = keyed_hash(pepper, f"{space}:{text}".encode())
    return int.from_bytes(digest[:8], "big") >> 1


def unit_key(credit_code: str) -> int:
    """Shard key of a unit."""
    return key_of("unit", credit_code)


def district_key(district: str) -> int:
    """Shard key of a district's own papers."""
    return key_of("district", district)
