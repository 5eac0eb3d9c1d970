"""The write-ahead log, kept as it is written: any moment since a base copy can be restored.

`pg_receivewal` takes the log over a replication slot, so the server needs no setting, and an
operator's PostgreSQL is served like the embedded one. Each whole segment is sealed into the archive,
and its plain copy goes.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import asyncpg

from services.backup.keys import KeyPlaces
from services.backup.manifest import BASE, NAME, BackupError, BackupFile
from services.backup.programs import environment, program, running
from services.backup.sealed import CHUNK_BYTES, SALT_BYTES, BackupKeys, SealedWriter
from services.backup.take import Progress, begin, to_disk
from shared import clock
from shared.db import asyncpg_dsn
from shared.process.database_address import without_login

SLOT = "wuxian_backup"
SWITCH_SECONDS = 60.0
"""A segment is closed this often where something was written: no more than that is lost."""
_LOOK_SECONDS = 0.5
_WHOLE = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
CLUSTER_PASSWORD = "cluster_password"
"""Name, among the key files of a base copy, of the administrator's password on the embedded server."""


def take_base(
    admin_url: str,
    key_places: KeyPlaces,
    cluster_password: Path | None,
    archive: Path,
    passphrase: bytes,
    progress: Progress = lambda _: None,
) -> Path:
    """Copy the server's files into an archive, sealed; the directory of the copy.

    Raises:
        BackupError: the server or the directory does not allow it.
    """
    now = clock.now()
    begun = asyncio.run(begin(admin_url, key_places, now))
    keys = BackupKeys.derive(passphrase, bytes.fromhex(begun.salt))
    place = archive / now.strftime("base-%Y%m%dT%H%M%SZ")
    part = archive / f".{place.name}.part"
    more = {CLUSTER_PASSWORD: cluster_password} if cluster_password else {}
    try:
        part.mkdir(parents=True, mode=0o700)
        begun.files.append(_copy_server(admin_url, part, keys, progress))
        begun.files.append(key_places.pack(part, keys, more))
        (part / NAME).write_text(begun.signed(keys).text(), encoding="utf-8")
        to_disk(part)
        part.rename(place)
    except OSError as error:
        raise BackupError(f"{error.filename or archive}: {error.strerror}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


def _copy_server(admin_url: str, part: Path, keys: BackupKeys, progress: Progress) -> BackupFile:
    words = ("--format=tar", "--pgdata=-", "--wal-method=fetch", "--checkpoint=fast")
    with (part / BASE).open("wb") as raw, running("pg_basebackup", *words, url=admin_url) as copy:
        assert copy.stdout is not None
        sealed = SealedWriter(raw, keys, BASE)
        while piece := copy.stdout.read(CHUNK_BYTES):
            sealed.write(piece)
            progress(len(piece))
        sealed.finish()
    return BackupFile(BASE, sealed.bytes_written, sealed.sha256)


def log_keys(archive: Path, passphrase: bytes) -> BackupKeys:
    """Return the keys of an archive's log; the salt is made with the archive."""
    salt = archive / "wal" / "salt"
    if not salt.exists():
        salt.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        salt.write_text(os.urandom(SALT_BYTES).hex())
    return BackupKeys.derive(passphrase, bytes.fromhex(salt.read_text().strip()))


async def make_slot(admin_url: str) -> None:
    """Let the server keep its log until we have it; once per server."""
    connection = await asyncpg.connect(asyncpg_dsn(admin_url), timeout=30)
    try:
        if not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)", SLOT
        ):
            await connection.execute("SELECT pg_create_physical_replication_slot($1, true)", SLOT)
    finally:
        await connection.close()


def receive(
    admin_url: str,
    archive: Path,
    spool: Path,
    passphrase: bytes,
    stop: threading.Event,
    sealed: Callable[[str], None] = lambda _: None,
) -> None:
    """Take the log until told to stop; it may be killed anywhere and goes on where it was.

    Args:
        admin_url: an administrator's address, who may replicate.
        archive: the directory of base copies; the log is below it.
        spool: a private directory for segments that are not whole yet.
        passphrase: what the archive's keys are derived from.
        stop: set to end.
        sealed: is told the name of each segment that is in the archive.

    Raises:
        BackupError: the receiver ended by itself.
    """
    keys = log_keys(archive, passphrase)
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    receiver = subprocess.Popen(
        [
            *(program("pg_receivewal"), "--no-loop", "--slot", SLOT),
            *("--directory", str(spool), "--dbname", without_login(admin_url)),
        ],
        env=environment(admin_url),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert receiver.stderr is not None
    switched = 0.0
    try:
        while not stop.wait(_LOOK_SECONDS):
            for name in _seal_whole(spool, archive, keys):
                sealed(name)
            switched += _LOOK_SECONDS
            if switched >= SWITCH_SECONDS:
                asyncio.run(switch(admin_url))
                switched = 0.0
            if receiver.poll() is not None:
                said = receiver.stderr.read().decode(errors="replace").strip()
                raise BackupError(f"pg_receivewal ended: {said[-500:]}")
    finally:
        receiver.send_signal(signal.SIGINT)
        receiver.wait(30)
        receiver.stderr.close()
    for name in _seal_whole(spool, archive, keys):
        sealed(name)


async def switch(admin_url: str) -> None:
    """Close the segment under way; a server that wrote nothing since does nothing."""
    connection = await asyncpg.connect(asyncpg_dsn(admin_url), timeout=30)
    try:
        await connection.execute("SELECT pg_switch_wal()")
    finally:
        await connection.close()


def _seal_whole(spool: Path, archive: Path, keys: BackupKeys) -> list[str]:
    names = sorted(file.name for file in spool.iterdir() if _WHOLE.fullmatch(file.name))
    for name in names:
        target = archive / "wal" / f"{name}.sealed"
        part = target.with_name(f".{target.name}.part")
        with (spool / name).open("rb") as plain, part.open("wb") as raw:
            writer = SealedWriter(raw, keys, name)
            while piece := plain.read(CHUNK_BYTES):
                writer.write(piece)
            writer.finish()
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(target)
        (spool / name).unlink()
    return names
