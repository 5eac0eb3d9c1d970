"""The sealing key, in a directory that identity alone reads."""

from __future__ import annotations

import secrets
from pathlib import Path

from shared.security.field_cipher import FieldCipher
from shared.security.field_keys import FieldKeys
from shared.security.identity import keep, locked

LABEL = "identity"


def cipher_in(directory: Path, own_keys: Path | None = None) -> FieldCipher:
    """Return the cipher of identity's keys; make the first one where there is none."""
    return FieldCipher(keys_in(directory, own_keys), LABEL)


def keys_in(directory: Path, own_keys: Path | None = None) -> FieldKeys:
    """Return the directory's sealing key with identity's later keys."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(directory):
        keep(directory / "sealing_key", secrets.token_hex(32))
    first = bytes.fromhex((directory / "sealing_key").read_text().strip())
    return FieldKeys(first, own_keys)
