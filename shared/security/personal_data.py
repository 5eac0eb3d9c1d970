"""Personal data as it is stored: names and accounts, encrypted, each under a label of its meaning.

The first byte says what follows: SEALED, a cipher text of `FieldCipher`; PLAIN, a value from before
that waits to be sealed (`shared.security.sealing`). The label is the meaning, not the column:
"bank_number" of an entitlement is copied to a claim line and on to a payment line as it is, without
a key, and opens in no column of another meaning.
"""

from __future__ import annotations

from typing import Final

from shared.security.field_cipher import CipherBroken, FieldCipher

PLAIN: Final = b"\x00"
SEALED: Final = b"\x01"


class PersonalCipher:
    """Seals and opens stored values of one meaning with the installation's key."""

    def __init__(self, key: bytes, label: str) -> None:
        self._cipher = FieldCipher(key, label)

    def seal(self, value: str) -> bytes:
        """Encrypt a value for storing."""
        return SEALED + self._cipher.seal(value)

    def open(self, stored: bytes) -> str:
        """Read a stored value, sealed or from before.

        Raises:
            CipherBroken: it was not sealed with this key and label.
        """
        mark, rest = stored[:1], stored[1:]
        if mark == PLAIN:
            return rest.decode()
        if mark != SEALED:
            raise CipherBroken
        return self._cipher.open(rest)
