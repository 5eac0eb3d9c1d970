"""The keyed hash behind blind indexes, SHA-256 or SM3: chosen when the secret is made, and for ever.

The hash of an identity number is a person's key in every table, so a database has one for its life.
"""

from __future__ import annotations

import hmac
from typing import Final

SM3_PREFIX: Final = "sm3:"


class Sm3Pepper(bytes):
    """A secret whose hashes are HMAC-SM3; any other secret's are HMAC-SHA-256."""


def pepper_of(text: str) -> bytes:
    """Read the secret as its file has it: hex digits, after "sm3:" where SM3 is meant."""
    if text.startswith(SM3_PREFIX):
        return Sm3Pepper(bytes.fromhex(text.removeprefix(SM3_PREFIX)))
    return bytes.fromhex(text)


def keyed_hash(pepper: bytes, message: bytes) -> bytes:
    """Compute the 32-byte hash of a message under a secret."""
    return hmac.digest(pepper, message, hash_of(pepper))


def hash_of(pepper: bytes) -> str:
    """Name the hash that goes with a secret."""
    return "sm3" if isinstance(pepper, Sm3Pepper) else "sha256"
