"""One block of the chain: the digest of some rows, bound to the block before it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

START: Final = bytes(32)
"""The hash that stands before the first block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows of one stream with `after` < seq <= `until`, and their place in the chain."""

    number: int
    stream: str
    after: int
    until: int
    rows: int
    digest: bytes
    previous: bytes
    at: datetime

    @property
    def hash(self) -> bytes:
        """SHA-256 of the block before and of everything that this block says."""
        microseconds = round(self.at.timestamp() * 1_000_000)
        message = (
            f"{self.number}\n{self.stream}\n{self.after}\n{self.until}\n{self.rows}\n"
            f"{self.digest.hex()}\n{microseconds}\n"
        )
        return hashlib.sha256(self.previous + message.encode()).digest()
