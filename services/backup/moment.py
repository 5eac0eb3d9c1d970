"""Restoring an embedded server as it stood at a moment: a base copy, and the log up to then."""

from __future__ import annotations

import asyncio
import io
import shutil
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from services.backup.keys import KeyPlaces
from services.backup.manifest import BASE, BackupError, Manifest, check_files
from services.backup.restore import Progress, Restored, prove
from services.backup.sealed import BackupKeys, SealBroken, opened
from services.backup.wal import CLUSTER_PASSWORD, log_keys
from services.database.passwords import role_passwords
from services.embedded import EmbeddedPostgres
from services.migrate import make_roles, migrate
from shared.db import asyncpg_dsn
from shared.process.settings import Settings


def base_before(archive: Path, until: datetime | None) -> Path:
    """Return the newest base copy that was begun before a moment.

    Raises:
        BackupError: there is none.
    """
    found = sorted(path.parent for path in archive.glob("base-*/manifest.json"))
    fit = [one for one in found if until is None or Manifest.read(one).made < until]
    if not fit:
        raise BackupError(f"{archive} has no base copy from before {until or 'now'}")
    return fit[-1]


def is_archive(place: Path) -> bool:
    """Return whether a directory holds base copies and a log."""
    return any(place.glob("base-*/manifest.json"))


def restore_moment(
    archive: Path,
    settings: Settings,
    passphrase: bytes,
    until: datetime | None,
    progress: Progress = lambda _: None,
) -> Restored:
    """Restore the newest base copy before a moment and replay the log up to it.

    Args:
        archive: the directory of `wuxian backup --wal`.
        settings: of the new home, which has no database yet.
        passphrase: the archive's.
        until: the moment; None: all that the log has.
        progress: is told the bytes of the files as they are read.

    Raises:
        BackupError: the archive is damaged or the home has a database.
        EmbeddedError: the server does not come up; the text has its last words.
    """
    base = base_before(archive, until)
    manifest = Manifest.read(base)
    keys = manifest.keys(passphrase)
    check_files(base, manifest, progress)
    if EmbeddedPostgres(settings.home).data.exists() or settings.identity_path.exists():
        raise BackupError(f"{settings.home} already has a database: nothing is overwritten")
    server = EmbeddedPostgres(settings.home)
    KeyPlaces.of(settings).restore(base, manifest, keys, more=server.cluster / "restored")
    try:
        log = _lay_out(archive, base, keys, settings, passphrase, progress)
    except SealBroken as broken:
        raise BackupError(str(broken)) from None
    server = EmbeddedPostgres(settings.home, options=_replaying(log, until))
    try:
        url = server.start(tied=True)
        asyncio.run(_await_moment(url))
        passwords = role_passwords(settings)
        asyncio.run(make_roles(url, passwords=passwords, renew=True))
        asyncio.run(migrate(url, passwords=passwords, renew=True))
        restored = asyncio.run(prove(url, manifest))
    finally:
        server.release()
    shutil.rmtree(log)
    return restored


def _lay_out(
    archive: Path,
    base: Path,
    keys: BackupKeys,
    settings: Settings,
    passphrase: bytes,
    progress: Progress,
) -> Path:
    """Put the server's files and its log into the new cluster; the log's directory."""
    server = EmbeddedPostgres(settings.home)
    log = server.cluster / "log-to-replay"
    restored = server.cluster / "restored"
    shutil.move(restored / CLUSTER_PASSWORD, server.cluster / "password")
    restored.rmdir()
    _unpack(base, keys, server.data, progress)
    _open_log(archive, log_keys(archive, passphrase), log, progress)
    (server.data / "recovery.signal").touch()
    server.give_to_account()
    return log


def _replaying(log: Path, until: datetime | None) -> dict[str, str]:
    """Return the server's settings of its first start."""
    options = {
        # The cluster's path is ours, and PostgreSQL puts the two names in.
        "restore_command": f"cp '{log}/%f' '%p'",
        "recovery_target_action": "promote",
        "recovery_target_timeline": "latest",
    }
    if until is not None:
        options["recovery_target_time"] = until.isoformat()
    return options


async def _await_moment(url: str) -> None:
    """Wait until the server has replayed the log up to the moment and takes writes."""
    connection = await asyncpg.connect(asyncpg_dsn(url), timeout=30)
    try:
        replaying = True
        while replaying:
            await asyncio.sleep(0.2)
            replaying = await connection.fetchval("SELECT pg_is_in_recovery()")
    finally:
        await connection.close()


class _Stream(io.RawIOBase):
    """A file over pieces that come one after the other."""

    def __init__(self, pieces: Iterator[bytes], progress: Progress) -> None:
        self._pieces = pieces
        self._progress = progress
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = next(self._pieces, b"")
            self._progress(len(self._left))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _unpack(base: Path, keys: BackupKeys, data: Path, progress: Progress) -> None:
    data.mkdir(mode=0o700)
    with (base / BASE).open("rb") as raw:
        stream = io.BufferedReader(_Stream(opened(raw, keys, BASE), progress))
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            archive.extractall(data, filter="data")
    data.chmod(0o700)
    (data / "pg_wal").mkdir(exist_ok=True)


def _open_log(archive: Path, keys: BackupKeys, log: Path, progress: Progress) -> None:
    log.mkdir(mode=0o700)
    for sealed in sorted((archive / "wal").glob("*.sealed")):
        name = sealed.name.removesuffix(".sealed")
        with sealed.open("rb") as raw, (log / name).open("wb") as plain:
            for piece in opened(raw, keys, name):
                plain.write(piece)
                progress(len(piece))
