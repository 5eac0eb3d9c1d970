"""Keys of one installation's stored data, and the secrets with which its services sign in.

They stand in the identity directory. Who may ask, and with which token, is the business of
`services/identity`; `shared.security.trust` verifies its tokens.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from shared.security.field_keys import FieldKeys
from shared.security.keyed_hash import SM3_PREFIX, keyed_hash, pepper_of

OWN_CLIENTS: Final = ("collection_service", "payout_service")
"""The clients of this installation's own services; a client's role has its name."""


class Identity:
    """The keys and own clients' secrets of one directory, as one service has them."""

    def __init__(
        self, pepper: bytes, service_secrets: dict[str, str], field_keys: FieldKeys
    ) -> None:
        self._secrets = service_secrets
        self.pepper = pepper
        """Secret of blind indexes over identity numbers; one for all services, and for ever."""
        self.field_keys = field_keys
        """Keys that seal names, numbers and accounts where this service stores them."""

    @cached_property
    def fingerprint_key(self) -> bytes:
        """Key of the fingerprints of requests: a plain hash of a small body could be guessed from it."""
        return hmac.digest(self.pepper, b"request fingerprint", "sha256")

    @cached_property
    def exchange_key(self) -> bytes:
        """Key that seals a person's number and name on their way between services; stores nothing."""
        return hmac.digest(self.pepper, b"exchange between services", "sha256")

    @classmethod
    def load(cls, directory: Path, field_keys: Path | None = None) -> Identity:
        """Read a directory written by `create`, and the file of a service's own field keys."""
        first = bytes.fromhex((directory / "field_key").read_text().strip())
        return cls(
            pepper_of((directory / "pepper").read_text().strip()),
            json.loads((directory / "services.json").read_text()),
            FieldKeys(first, field_keys),
        )

    def secret_of(self, client_id: str) -> str:
        """The secret of one of this installation's own services, for speaking to its peers."""
        return self._secrets[client_id]


def create(directory: Path, *, sm3: bool = False) -> None:
    """Write what is missing of a directory: keys, and a secret for each own client.

    A file that is there is never written again: another pepper would make a second person of
    everyone, another field key would leave every name unread. A new pepper's hashes are HMAC-SM3
    where `sm3` says so.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(directory):
        pepper = (SM3_PREFIX if sm3 else "") + secrets.token_hex(32)
        keyed_hash(pepper_of(pepper), b"")  # fails now where OpenSSL has no SM3
        keep(directory / "pepper", pepper)
        keep(directory / "field_key", secrets.token_hex(32))
        own = {client_id: secrets.token_urlsafe(32) for client_id in OWN_CLIENTS}
        keep(directory / "services.json", json.dumps(own))
        # An earlier release takes its absence for a new directory and would write new keys.
        keep(directory / "principals.json", "[]")


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a directory's lock: services of one machine may start at once."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def replace_secret(directory: Path, client_id: str, secret: str) -> None:
    """Write a new secret of an own client."""
    path = directory / "services.json"
    with locked(directory):
        own = json.loads(path.read_text()) | {client_id: secret}
        write_private(path, json.dumps(own))


def keep(path: Path, text: str) -> None:
    """Write a private file, unless it is there already."""
    if not path.exists():
        write_private(path, text)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, at once or not at all."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
