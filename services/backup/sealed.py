"""Streams of AES-256-GCM chunks: a file of any size is sealed and opened piece by piece.

Each chunk's nonce is the file's random prefix, the chunk's number and a flag on the last one, so a
chunk cannot be moved, left out or cut off unseen. The file's name is authenticated with each.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"WUXIAN1\n"
CHUNK_BYTES = 1024 * 1024
_PREFIX_BYTES = 7
_TAG_BYTES = 16
SALT_BYTES = 16
_SCRYPT_COST = 2**15


class SealBroken(Exception):
    """A sealed file does not open: another passphrase, or bytes that were changed or cut off."""


@dataclass(frozen=True, slots=True)
class BackupKeys:
    """The keys of one backup, derived from a passphrase and the backup's salt."""

    file_key: bytes
    mac_key: bytes

    @classmethod
    def derive(cls, passphrase: bytes, salt: bytes) -> BackupKeys:
        """Derive the keys; slow on purpose, so that a passphrase cannot be guessed quickly."""
        made = Scrypt(salt=salt, length=64, n=_SCRYPT_COST, r=8, p=1).derive(passphrase)
        return cls(made[:32], made[32:])

    def mac(self, text: bytes) -> str:
        """Return the authentication code of a manifest."""
        return hmac.digest(self.mac_key, text, "sha256").hex()


class SealedWriter:
    """Takes the plain bytes of a file and writes it sealed; knows the digest of what it wrote."""

    def __init__(self, raw: BinaryIO, keys: BackupKeys, name: str) -> None:
        self._raw = raw
        self._aead = AESGCM(keys.file_key)
        self._name = name.encode()
        self._prefix = os.urandom(_PREFIX_BYTES)
        self._waiting = bytearray()
        self._number = 0
        self._digest = hashlib.sha256()
        self.bytes_written = 0
        self._put(MAGIC + self._prefix)

    @property
    def sha256(self) -> str:
        """The digest of the sealed file so far."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Take more of the file."""
        self._waiting += piece
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        """Write the last chunk; the file is whole with it and not before."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last)
        self._put(self._aead.encrypt(nonce, chunk, self._name))
        self._number += 1

    def _put(self, piece: bytes) -> None:
        self._raw.write(piece)
        self._digest.update(piece)
        self.bytes_written += len(piece)


def opened(raw: BinaryIO, keys: BackupKeys, name: str) -> Iterator[bytes]:
    """Give the plain bytes of a sealed file, chunk by chunk.

    Raises:
        SealBroken: it does not open, or it ends too early.
    """
    head = raw.read(len(MAGIC) + _PREFIX_BYTES)
    if head[: len(MAGIC)] != MAGIC:
        raise SealBroken(f"{name} is no sealed file of a backup")
    prefix, aead = head[len(MAGIC) :], AESGCM(keys.file_key)
    number, sealed = 0, raw.read(CHUNK_BYTES + _TAG_BYTES)
    while True:
        following = raw.read(CHUNK_BYTES + _TAG_BYTES)
        nonce = _nonce(prefix, number, not following)
        try:
            yield aead.decrypt(nonce, sealed, name.encode())
        except InvalidTag:
            raise SealBroken(f"{name} does not open: its bytes were changed or cut off") from None
        if not following:
            return
        number, sealed = number + 1, following


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])
