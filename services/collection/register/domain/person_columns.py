"""Keys of many identity numbers at once, equal to those that `person` computes one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from shared.security.keyed_hash import hash_of

_BLOCK_BYTES = 64
_INNER, _OUTER = 0x36, 0x5C


def ids_of_persons(numbers: Iterable[bytes], pepper: bytes) -> NDArray[np.int64]:
    """Compute `person.id_of_person` of each number: the HMAC with the padded key hashed once."""
    new = partial(hashlib.new, hash_of(pepper))
    key = new(pepper).digest() if len(pepper) > _BLOCK_BYTES else pepper
    key = key.ljust(_BLOCK_BYTES, b"\0")
    inner = new(bytes(byte ^ _INNER for byte in key) + b"person:").copy
    outer = new(bytes(byte ^ _OUTER for byte in key)).copy
    heads = bytearray()
    for number in numbers:
        first = inner()
        first.update(number)
        second = outer()
        second.update(first.digest())
        heads += second.digest()[:8]
    return (np.frombuffer(heads, ">u8") >> np.uint64(1)).astype(np.int64)
