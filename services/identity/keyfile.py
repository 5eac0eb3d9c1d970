"""The sealing key, in a directory that identity alone reads."""

from __future__ import annotations

import secrets
from pathlib import Path

from shared.security.field_cipher import FieldCipher
from shared.security.identity import keep, locked

LABEL = "identity"


def cipher_in(directory: Path) -> FieldCipher:
    """Return the cipher of a directory's sealing key; make the key where there is none."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(directory):
        keep(directory / "sealing_key", secrets.token_hex(32))
    return FieldCipher(bytes.fromhex((directory / "sealing_key").read_text().strip()), LABEL)
