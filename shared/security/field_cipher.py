"""Encryption of one stored value, such as an identity number, with a fresh nonce each.

The keys come from the identity directory and the service's own file (`shared.security.field_keys`);
the database never sees them. The `label` names what the value is and is authenticated with it, so
that a cipher text copied into a column of another meaning does not open. Equal values give different
cipher texts; look-ups go by `shared.ids.blind_key_of` instead.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag

from shared.security.field_keys import NONCE_BYTES, FieldKeys


class CipherBroken(Exception):
    """A stored cipher text does not open: another key, another label, or a changed row."""


class FieldCipher:
    """Seals and opens values of one label ("identity_number") with a service's keys, or one key."""

    def __init__(self, keys: FieldKeys | bytes, label: str = "identity_number") -> None:
        self._keys = FieldKeys(keys) if isinstance(keys, bytes) else keys
        self._label = label.encode()

    def seal(self, value: str) -> bytes:
        """Return the header, nonce and cipher text of a value."""
        return self.seal_bytes(value.encode())

    def seal_bytes(self, value: bytes, nonce: bytes | None = None) -> bytes:
        """Return the header, nonce and cipher text of some bytes, such as a piece of a file.

        Only a nonce that depends on the whole value may be given.
        """
        return self._keys.current.seal(value, self._label, nonce or os.urandom(NONCE_BYTES))

    def open(self, sealed: bytes) -> str:
        """Return the value under a cipher text.

        Raises:
            CipherBroken: it was not sealed with one of these keys and this label.
        """
        return self.open_bytes(sealed).decode()

    def open_bytes(self, sealed: bytes) -> bytes:
        """Return the bytes under a cipher text.

        Raises:
            CipherBroken: as `open`.
        """
        for key in self._keys.opening(sealed):
            try:
                return key.open(sealed, self._label)
            except (InvalidTag, ValueError):
                continue
        raise CipherBroken
