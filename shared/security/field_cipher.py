"""Encryption of one stored value, such as an identity number: AES-256-GCM, a fresh nonce each.

The key comes from the identity directory (`Identity.field_key`); the database never sees it. The
`label` names what the value is and is authenticated with it, so that a cipher text copied into a
column of another meaning does not open. Equal values give different cipher texts; look-ups go by
`shared.ids.blind_key_of` instead.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class CipherBroken(Exception):
    """A stored cipher text does not open: another key, another label, or a changed row."""


class FieldCipher:
    """Seals and opens values of one label ("identity_number") with a 32-byte key."""

    def __init__(self, key: bytes, label: str = "identity_number") -> None:
        self._aead = AESGCM(key)
        self._label = label.encode()

    def seal(self, value: str) -> bytes:
        """The nonce and cipher text of a value."""
        return self.seal_bytes(value.encode())

    def seal_bytes(self, value: bytes, nonce: bytes | None = None) -> bytes:
        """The nonce and cipher text of some bytes, such as a piece of a file.

        Only a nonce that depends on the whole value may be given.
        """
        nonce = nonce or os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, value, self._label)

    def open(self, sealed: bytes) -> str:
        """The value under a cipher text.

        Raises:
            CipherBroken: it was not sealed with this key and label.
        """
        return self.open_bytes(sealed).decode()

    def open_bytes(self, sealed: bytes) -> bytes:
        """The bytes under a cipher text.

        Raises:
            CipherBroken: as `open`.
        """
        try:
            nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._aead.decrypt(nonce, text, self._label)
        except (InvalidTag, ValueError):
            raise CipherBroken from None
