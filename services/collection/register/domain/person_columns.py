"""Keys of many identity numbers at once, equal to those that `person` computes one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_BLOCK_BYTES = 64
_INNER, _OUTER = 0x36, 0x5C


def ids_of_persons(numbers: Iterable[bytes], pepper: bytes) -> NDArray[np.int64]:
    """Compute `person.id_of_person` of each number: HMAC-SHA-256 with the padded key hashed once."""
    key = hashlib.sha256(pepper).digest() if len(pepper) > _BLOCK_BYTES else pepper
    key = key.ljust(_BLOCK_BYTES, b"\0")
    inner = hashlib.sha256(bytes(byte ^ _INNER for byte in key) + b"person:").copy
    outer = hashlib.sha256(bytes(byte ^ _OUTER for byte in key)).copy
    heads = bytearray()
    for number in numbers:
        first = inner()
        first.update(number)
        second = outer()
        second.update(first.digest())
        heads += second.digest()[:8]
    return (np.frombuffer(heads, ">u8") >> np.uint64(1)).astype(np.int64)
