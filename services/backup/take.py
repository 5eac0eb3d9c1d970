"""Taking a backup: one dump of the whole database from one snapshot, the key files, a manifest."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from services import VERSION
from services.backup.keys import KeyPlaces
from services.backup.manifest import (
    DUMP,
    NAME,
    BackupError,
    BackupFile,
    ChainHead,
    Manifest,
)
from services.backup.programs import running
from services.backup.sealed import CHUNK_BYTES, SALT_BYTES, BackupKeys, SealedWriter
from services.migrate import states
from shared import clock
from shared.db import asyncpg_dsn

Progress = Callable[[int], None]
"""Takes the number of bytes done since the last call."""


def name_at(moment: datetime) -> str:
    """Return the name of a backup that is taken at a moment."""
    return moment.astimezone(UTC).strftime("wuxian-%Y%m%dT%H%M%SZ")


def take(
    admin_url: str,
    key_places: KeyPlaces,
    destination: Path,
    passphrase: bytes,
    *,
    with_keys: bool = True,
    progress: Progress = lambda _: None,
) -> Path:
    """Write a backup below a directory and return its own directory; nothing half-made stays.

    Args:
        admin_url: an administrator's address; the dump is one snapshot over all schemas.
        key_places: the directories of the key files.
        destination: the directory that holds backups.
        passphrase: what the backup's keys are derived from.
        with_keys: whether the key files are in the backup, or only their fingerprints.
        progress: is told the bytes of the dump as they come.

    Raises:
        BackupError: the database or the directory does not allow it.
    """
    now = clock.now()
    begun = asyncio.run(begin(admin_url, key_places, now))
    keys = BackupKeys.derive(passphrase, bytes.fromhex(begun.salt))
    place = destination / name_at(now)
    part = destination / f".{place.name}.part"
    try:
        part.mkdir(parents=True, mode=0o700)
        begun.files.append(_dump(admin_url, part, keys, progress))
        if with_keys:
            begun.files.append(key_places.pack(part, keys))
        (part / NAME).write_text(begun.signed(keys).text(), encoding="utf-8")
        to_disk(part)
        part.rename(place)
        to_disk(destination)
    except OSError as error:
        raise BackupError(f"{error.filename or destination}: {error.strerror}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


async def begin(admin_url: str, key_places: KeyPlaces, now: datetime) -> Manifest:
    """Read what the backup will at least hold; the dump's snapshot is taken after it."""
    revisions = {one.service: one.current for one in await states(admin_url)}
    missing = [service for service, revision in revisions.items() if revision is None]
    if missing:
        raise BackupError(
            f"this database has no schema {' and '.join(missing)}: nothing to back up"
        )
    connection = await asyncpg.connect(asyncpg_dsn(admin_url), timeout=30)
    try:
        version = str(await connection.fetchval("SHOW server_version"))
        rows = await connection.fetch("SELECT slot, seq, hash FROM ledger.slot_head ORDER BY slot")
    finally:
        await connection.close()
    return Manifest(
        made_at=now.isoformat(timespec="seconds"),
        release=VERSION,
        server_version=version,
        salt=os.urandom(SALT_BYTES).hex(),
        revisions={service: str(revision) for service, revision in revisions.items()},
        key_fingerprints=key_places.fingerprints(),
        heads=[ChainHead(row["slot"], row["seq"], bytes(row["hash"]).hex()) for row in rows],
    )


def _dump(admin_url: str, part: Path, keys: BackupKeys, progress: Progress) -> BackupFile:
    words = ("--format=custom", "--compress=3", "--no-owner", "--lock-wait-timeout=60s")
    with (part / DUMP).open("wb") as raw, running("pg_dump", *words, url=admin_url) as process:
        assert process.stdout is not None
        sealed = SealedWriter(raw, keys, DUMP)
        while piece := process.stdout.read(CHUNK_BYTES):
            sealed.write(piece)
            progress(len(piece))
        sealed.finish()
    return BackupFile(DUMP, sealed.bytes_written, sealed.sha256)


def to_disk(directory: Path) -> None:
    """Let a directory and its files be on disk before anybody counts on them."""
    for path in [*directory.glob("*"), directory]:
        if path.is_file() or path == directory:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
