"""The manifest of a backup: its files with digests, what they hold, and how they were sealed.

It is plain JSON, so that a monitor without the passphrase can read a backup's age, and carries an
authentication code, so that nobody without the passphrase can change it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from services.backup.sealed import BackupKeys

FORMAT = 1
NAME = "manifest.json"
DUMP = "database.dump.sealed"
KEY_FILES = "keys.tar.sealed"
BASE = "base.tar.sealed"


class BackupError(Exception):
    """A backup cannot be made or restored; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last voucher of a slot when the backup was taken; a restored ledger must hold it."""

    slot: int
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything there is to know about a backup without opening it."""

    made_at: str
    release: str
    server_version: str
    salt: str
    revisions: dict[str, str]
    key_fingerprints: dict[str, str]
    heads: list[ChainHead]
    files: list[BackupFile] = field(default_factory=list)
    format: int = FORMAT
    mac: str = ""

    @property
    def made(self) -> datetime:
        """The moment from which the backup tells."""
        return datetime.fromisoformat(self.made_at)

    @property
    def has_keys(self) -> bool:
        """Return whether the key files are in the backup."""
        return any(file.name == KEY_FILES for file in self.files)

    def signed(self, keys: BackupKeys) -> Manifest:
        """Return the manifest with its authentication code."""
        return replace(self, mac=keys.mac(self._said()))

    def text(self) -> str:
        """Return the manifest as it is written."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    def keys(self, passphrase: bytes) -> BackupKeys:
        """Return the backup's keys.

        Raises:
            BackupError: the passphrase is another one, or the manifest was changed.
        """
        keys = BackupKeys.derive(passphrase, bytes.fromhex(self.salt))
        if not hmac.compare_digest(keys.mac(self._said()), self.mac):
            raise BackupError(
                "the passphrase does not fit this backup, or its manifest was changed"
            )
        return keys

    def _said(self) -> bytes:
        said = asdict(replace(self, mac=""))
        return json.dumps(said, sort_keys=True, ensure_ascii=False).encode()

    @classmethod
    def read(cls, directory: Path) -> Manifest:
        """Read the manifest of a backup.

        Raises:
            BackupError: there is none, or another release wrote it in another format.
        """
        return cls.parse((directory / NAME).read_text(), str(directory))

    @classmethod
    def parse(cls, text: str, place: str) -> Manifest:
        """Read a manifest; see `read`."""
        try:
            found: dict[str, Any] = json.loads(text)
            found["files"] = [BackupFile(**file) for file in found["files"]]
            found["heads"] = [ChainHead(**head) for head in found["heads"]]
            manifest = cls(**found)
        except (ValueError, KeyError, TypeError) as error:
            raise BackupError(
                f"{place} has no manifest that this release reads ({error})"
            ) from None
        if manifest.format != FORMAT:
            raise BackupError(
                f"{place} has format {manifest.format}: use a newer release of wuxian"
            )
        return manifest


def check_files(
    directory: Path, manifest: Manifest, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Compare every file of a backup with its digest.

    Raises:
        BackupError: one is missing or was changed.
    """
    for file in manifest.files:
        digest = hashlib.sha256()
        try:
            with (directory / file.name).open("rb") as stream:
                while piece := stream.read(1024 * 1024):
                    digest.update(piece)
                    progress(len(piece))
        except OSError as error:
            raise BackupError(f"{directory / file.name}: {error.strerror}") from None
        if digest.hexdigest() != file.sha256:
            raise BackupError(f"{directory / file.name} was changed: its digest is another")
