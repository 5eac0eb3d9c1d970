"""The keys that a service seals its stored values with: one seals, those of before still open.

A sealed value begins with a header: a mark, the algorithm, and the key's id. The id is a hash of the
key, so it means the same key in every database and backup. The first key of an installation, which
all its services share, writes no header; whatever has no header of a known key is opened with it.

A service's own keys stand in SECRETS/SERVICE/field_keys.json. The operator's commands write that
file; a service only reads it, and again when it changes, so a rotation needs no restart.
"""

from __future__ import annotations

import hmac
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER_BYTES: Final = 9
"""A multiple of three: it is told apart in base64 too."""
MARK: Final = b"\x02"
NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_ID_BYTES: Final = 7
_LOOK_SECONDS: Final = 1.0


class Algorithm(StrEnum):
    """The algorithms of sealed values; both give secrecy and notice a changed value."""

    AES_256_GCM = "AES-256-GCM"
    SM4_GCM = "SM4-GCM"

    @property
    def key_bytes(self) -> int:
        """Return the length of its keys."""
        return {Algorithm.AES_256_GCM: 32, Algorithm.SM4_GCM: 16}[self]

    @property
    def code(self) -> bytes:
        """Return its byte in the header."""
        return {Algorithm.AES_256_GCM: b"\x01", Algorithm.SM4_GCM: b"\x02"}[self]


@dataclass(frozen=True)
class FieldKey:
    """One key with its algorithm; `is_first` marks the key whose values have no header."""

    secret: bytes = field(repr=False)
    algorithm: Algorithm = Algorithm.AES_256_GCM
    is_first: bool = False

    @classmethod
    def new(cls, algorithm: Algorithm) -> FieldKey:
        """Make a random key."""
        return cls(os.urandom(algorithm.key_bytes), algorithm)

    @cached_property
    def id(self) -> str:
        """The name of the key in headers and lists; the key cannot be found from it."""
        return hmac.digest(self.secret, b"wuxian field key", "sha256")[:_ID_BYTES].hex()

    @cached_property
    def header(self) -> bytes:
        """The beginning of every value that this key sealed."""
        return b"" if self.is_first else MARK + self.algorithm.code + bytes.fromhex(self.id)

    @cached_property
    def _aes(self) -> AESGCM:
        return AESGCM(self.secret)

    def seal(self, value: bytes, label: bytes, nonce: bytes) -> bytes:
        """Return header, nonce and cipher text of a value."""
        if self.algorithm is Algorithm.AES_256_GCM:
            return self.header + nonce + self._aes.encrypt(nonce, value, label)
        sealing = Cipher(algorithms.SM4(self.secret), modes.GCM(nonce)).encryptor()
        sealing.authenticate_additional_data(label)
        text = sealing.update(value) + sealing.finalize()
        return self.header + nonce + text + sealing.tag

    def open(self, sealed: bytes, label: bytes) -> bytes:
        """Return the value under a cipher text of this key.

        Raises:
            InvalidTag, ValueError: it was not sealed with this key and label.
        """
        at = len(self.header)
        nonce, text = sealed[at : at + NONCE_BYTES], sealed[at + NONCE_BYTES :]
        if self.algorithm is Algorithm.AES_256_GCM:
            return self._aes.decrypt(nonce, text, label)
        opening = Cipher(
            algorithms.SM4(self.secret), modes.GCM(nonce, text[-_TAG_BYTES:])
        ).decryptor()
        opening.authenticate_additional_data(label)
        return opening.update(text[:-_TAG_BYTES]) + opening.finalize()


@dataclass(frozen=True)
class KeyRing:
    """The keys of a service at one moment. `since` tells when it began to seal with the current one."""

    keys: tuple[FieldKey, ...] = ()
    current_id: str | None = None
    since: str | None = None
    retired: frozenset[str] = frozenset()

    @classmethod
    def read(cls, file: Path | None, first: FieldKey | None) -> KeyRing:
        """Read a service's file; without one, the first key is all there is."""
        known: dict[str, Any] = json.loads(file.read_text()) if file and file.exists() else {}
        retired = frozenset(known.get("retired", ()))
        own = tuple(
            FieldKey(bytes.fromhex(one["secret"]), Algorithm(one["algorithm"]))
            for one in known.get("keys", ())
        )
        before = () if first is None or first.id in retired else (first,)
        seals_with = known.get("seals_with") or (before[0].id if before else None)
        return cls((*before, *own), seals_with, known.get("since"), retired)

    @cached_property
    def by_header(self) -> dict[bytes, FieldKey]:
        """Return the keys by the header of their values."""
        return {key.header: key for key in self.keys}

    @property
    def current(self) -> FieldKey:
        """Return the key that seals.

        Raises:
            KeyMissing: there is none.
        """
        for key in self.keys:
            if key.id == self.current_id:
                return key
        raise KeyMissing(f"there is no field key {self.current_id or ''} to seal with")

    def named(self, key_id: str) -> FieldKey | None:
        """Return the key of an id."""
        return next((key for key in self.keys if key.id == key_id), None)


class KeyMissing(Exception):
    """A key that is needed is not there; the text says which."""


class FieldKeys:
    """A service's keys as they stand in its file; the file is looked at again once a second."""

    def __init__(self, first: bytes | None, file: Path | None = None) -> None:
        self._first = None if first is None else FieldKey(first, is_first=True)
        self._file = file
        self._read_at: int | None = None
        self._look_again = 0.0
        self._ring = KeyRing()
        self._look()

    @property
    def ring(self) -> KeyRing:
        """Return the keys as they are now."""
        if self._file is not None and time.monotonic() >= self._look_again:
            self._look()
        return self._ring

    @property
    def current(self) -> FieldKey:
        """Return the key that seals."""
        return self.ring.current

    def opening(self, sealed: bytes) -> Iterator[FieldKey]:
        """Give the keys that may open a value: the one of its header, then the first."""
        header = sealed[:HEADER_BYTES]
        named = self.ring.by_header.get(header)
        if named is None and header[:1] == MARK and self._file is not None:
            self._look()  # it may have been made a moment ago
            named = self._ring.by_header.get(header)
        if named is not None:
            yield named
        yield from (key for key in self._ring.keys if key.is_first)

    def _look(self) -> None:
        self._look_again = time.monotonic() + _LOOK_SECONDS
        changed = None
        if self._file is not None and self._file.exists():
            changed = self._file.stat().st_mtime_ns
        if self._ring.keys and changed == self._read_at:
            return
        self._ring = KeyRing.read(self._file, self._first)
        self._read_at = changed
