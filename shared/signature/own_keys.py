"""Private keys of this installation that sign files: a directory with one JWK for each key id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from shared.signature.algorithms import Jwk


class KeyFileUnusable(ValueError):
    """A key file that is not there, or is no JWK."""


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The directory of the keys. A file is read at every use, so that a new key counts at once."""

    directory: Path

    def private(self, key_id: str) -> Jwk:
        """Read a private key.

        Raises:
            KeyFileUnusable: it is not there, or cannot be read.
        """
        try:
            jwk = json.loads((self.directory / f"{key_id}.jwk").read_bytes())
        except (OSError, ValueError) as error:
            raise KeyFileUnusable from error
        if not isinstance(jwk, dict):
            raise KeyFileUnusable
        return jwk
