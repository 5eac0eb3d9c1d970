"""Personal data as it is stored: names and accounts, encrypted, each under a label of its meaning.

The first byte says what follows: SEALED, a cipher text of `FieldCipher`; PLAIN, a value from before
that waits to be sealed (`shared.security.sealing`). The label is the meaning, not the column:
"bank_number" of an entitlement is copied to a claim line and on to a payment line as it is, without
a key, and opens in no column of another meaning.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from typing import Any, Final

from shared.security.field_cipher import CipherBroken, FieldCipher
from shared.security.field_keys import FieldKey, FieldKeys

PLAIN: Final = b"\x00"
SEALED: Final = b"\x01"


class PersonalCipher:
    """Seals and opens stored values of one meaning with the service's keys."""

    def __init__(self, keys: FieldKeys | bytes, label: str) -> None:
        self._cipher = FieldCipher(keys, label)

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


class AccountCipher:
    """Seals the number in a unit's bank account, {bank, number, name}; equal numbers look equal.

    The database compares accounts: a change with what was registered, and a unit's account with
    another unit's. So the nonce is a keyed hash of the number, and a number has one cipher text
    under a key. While a rotation goes on it may have two: see `as_stored`.
    """

    PREFIX: Final = "sealed:"

    def __init__(self, keys: FieldKeys | bytes) -> None:
        self._keys = FieldKeys(keys) if isinstance(keys, bytes) else keys
        self._cipher = FieldCipher(self._keys, "unit_account")

    def seal(self, number: str) -> str:
        """Encrypt a number for storing; a sealed one stays as it is."""
        if number.startswith(self.PREFIX):
            return number
        nonce = hmac.digest(_nonces(self._keys.current), number.encode(), "sha256")[:12]
        return self.PREFIX + b64encode(self._cipher.seal_bytes(number.encode(), nonce)).decode()

    def open(self, stored: str) -> str:
        """Read a stored number, sealed or from before.

        Raises:
            CipherBroken: it was not sealed with one of these keys.
        """
        if not stored.startswith(self.PREFIX):
            return stored
        return self._cipher.open(b64decode(stored.removeprefix(self.PREFIX)))

    def sealed(self, account: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return an account with its number sealed."""
        return None if account is None else account | {"number": self.seal(_number(account))}

    def as_stored(
        self, account: dict[str, Any] | None, stored: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """Return the stored account where the other is the same, sealed with another key."""
        if account is None or stored is None:
            return account
        return stored if self.opened(account) == self.opened(stored) else account

    def opened(self, account: dict[str, Any]) -> dict[str, Any]:
        """Return an account with its number readable."""
        return account | {"number": self.open(_number(account))}


def _nonces(key: FieldKey) -> bytes:
    return hmac.digest(key.secret, b"nonces of unit accounts", "sha256")


def _number(account: dict[str, Any]) -> str:
    return str(account.get("number", ""))
