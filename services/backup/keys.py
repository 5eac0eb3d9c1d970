"""The key files of an installation: packed into a backup, put back, and told apart by fingerprints."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from services.backup.manifest import KEY_FILES, BackupError, BackupFile, Manifest
from services.backup.sealed import BackupKeys, SealBroken, SealedWriter, opened
from services.database.field_keys import SERVICES as WITH_FIELD_KEYS
from shared.process.settings import Settings
from shared.security import key_check
from shared.security.field_keys import FieldKeys
from shared.security.identity import Identity

_SEALING = "sealing_key"
_NOT_KEYS = {"lock"}
_FIELD_KEYS = "field-keys"


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """The directories of an installation's key files."""

    data: Path
    """Keys of stored data, and the secrets of the services as clients."""
    identity: Path
    """The key that seals identity's signing keys."""
    field_keys: Mapping[str, Path] = field(default_factory=dict)
    """Service → file of the keys that it seals personal data with."""

    @classmethod
    def of(cls, settings: Settings) -> KeyPlaces:
        """Return the places of an installation."""
        own = {service: settings.field_keys_of(service) for service in WITH_FIELD_KEYS}
        return cls(settings.identity_path, settings.identity_keys_path, own)

    def fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of each key, in hex."""
        found = key_check.fingerprints(Identity.load(self.data))
        sealing = self.identity / _SEALING
        if sealing.exists():
            key = bytes.fromhex(sealing.read_text().strip())
            found[_SEALING] = key_check.fingerprint(_SEALING, key)
        for service, file in self.field_keys.items():
            own = key_check.fingerprints_of(FieldKeys(None, file).ring)
            found |= {f"{service} {name}": one for name, one in own.items()}
        return {name: one.hex() for name, one in found.items()}

    def pack(self, part: Path, keys: BackupKeys, more: dict[str, Path] | None = None) -> BackupFile:
        """Seal all key files into one file of a backup; `more` is name → file beside them."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, directory in self._named().items():
                for file in sorted(directory.glob("*")):
                    if file.is_file() and file.name not in _NOT_KEYS:
                        archive.add(file, f"{name}/{file.name}")
            for service, file in self.field_keys.items():
                if file.exists():
                    archive.add(file, f"{_FIELD_KEYS}/{service}")
            for name, file in (more or {}).items():
                archive.add(file, f"more/{name}")
        with (part / KEY_FILES).open("wb") as raw:
            sealed = SealedWriter(raw, keys, KEY_FILES)
            sealed.write(packed.getvalue())
            sealed.finish()
        return BackupFile(KEY_FILES, sealed.bytes_written, sealed.sha256)

    def restore(
        self, backup: Path, manifest: Manifest, keys: BackupKeys, more: Path | None = None
    ) -> None:
        """Put a backup's key files into a new home, or check that they are there already.

        Args:
            backup: the backup's directory.
            manifest: its manifest.
            keys: its keys.
            more: the directory for files beside the keys, which are left out without one.

        Raises:
            BackupError: the keys are not there, or are others.
        """
        if not (self.data / "pepper").exists():
            if not manifest.has_keys:
                raise BackupError(
                    "the backup holds only the keys' fingerprints: put the key files into"
                    f" {self.data} and {self.identity}, and each service's field_keys.json"
                )
            self._unpack(backup, keys, more)
        own = {name: bytes.fromhex(one) for name, one in self.fingerprints().items()}
        known = {name: bytes.fromhex(one) for name, one in manifest.key_fingerprints.items()}
        missing = sorted(set(known) - set(own))
        if missing:
            raise BackupError(
                f"the backup's {missing[0]} is not here: put the key files of its time into"
                f" {self.data}, {self.identity} and each service's field_keys.json"
            )
        said = key_check.compared({name: own[name] for name in known}, known)
        if said != key_check.READY:
            raise BackupError(f"{self.data}: {said}")

    def _named(self) -> dict[str, Path]:
        return {"identity": self.data, "identity-keys": self.identity}

    def _unpack(self, backup: Path, keys: BackupKeys, more: Path | None) -> None:
        try:
            with (backup / KEY_FILES).open("rb") as raw:
                packed = b"".join(opened(raw, keys, KEY_FILES))
        except SealBroken as broken:
            raise BackupError(str(broken)) from None
        places = self._named() | ({"more": more} if more else {})
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive.getmembers():
                stream = archive.extractfile(member)
                folder, _, name = member.name.partition("/")
                if folder == _FIELD_KEYS and name in self.field_keys:
                    file = self.field_keys[name]
                elif folder in places and PurePosixPath(name).name == name:
                    file = places[folder] / name
                else:
                    continue
                if stream is None or (folder == _FIELD_KEYS and file.exists()):
                    continue  # of a service that runs already; `restore` compares them
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as sink:
                    sink.write(stream.read())
