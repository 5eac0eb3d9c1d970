"""Restoring a backup into a new home and an empty database, and proving what was restored."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from subprocess import PIPE
from typing import IO

import asyncpg

from services.backup.keys import KeyPlaces
from services.backup.manifest import DUMP, BackupError, Manifest, check_files
from services.backup.programs import running
from services.backup.sealed import BackupKeys, SealBroken, opened
from services.ledger.chain.domain.proof import Verdict
from services.ledger.chain.flows import verify as verify_flow
from services.migrate import make_roles, migrate
from shared.db import SERVICES, Database, asyncpg_dsn
from shared.evidence import verify as evidence_verify

Progress = Callable[[int], None]
"""Takes the number of bytes done since the last call."""
_SERVER_MAY_NOT_KNOW = (b"SET transaction_timeout = 0;\n",)
"""Lines by which a newer pg_restore begins, and which an older server refuses; they change nothing."""
_HEAD_LINES = 60


@dataclass(frozen=True, slots=True)
class Restored:
    """The outcome of a restore: the backup it came from, and the proof of its books."""

    manifest: Manifest
    verdict: Verdict
    evidence: tuple[str, ...]
    """Faults of the services' chains of evidence."""

    @property
    def faults(self) -> list[str]:
        """Everything that does not hold."""
        return [*map(str, self.verdict.faults), *self.evidence]


def newest(place: Path) -> Path:
    """Return a backup's directory: the place itself, or the newest backup below it.

    Raises:
        BackupError: there is none.
    """
    if (place / "manifest.json").exists():
        return place
    found = sorted(place.glob("wuxian-*/manifest.json"))
    if not found:
        raise BackupError(f"there is no backup in {place}")
    return found[-1].parent


def restore(
    backup: Path,
    key_places: KeyPlaces,
    admin_url: str,
    passphrase: bytes,
    passwords: dict[str, str],
    *,
    renew: bool,
    progress: Progress = lambda _: None,
) -> Restored:
    """Restore a backup's keys and database, bring it to this release, and verify its books.

    Args:
        backup: the backup's directory.
        key_places: the new home's directories of key files; must hold the backup's keys where the
            backup has none.
        admin_url: an administrator's address of a database without our schemas.
        passphrase: the backup's.
        passwords: service → password of its database role.
        renew: whether roles that log in already are given these passwords (see `migrate`).
        progress: is told the bytes of the files as they are read.

    Raises:
        BackupError: the backup is damaged, the keys are others, or the database is not empty.
    """
    manifest = Manifest.read(backup)
    keys = manifest.keys(passphrase)
    check_files(backup, manifest, progress)
    asyncio.run(_check_empty(admin_url))
    key_places.restore(backup, manifest, keys)
    asyncio.run(make_roles(admin_url, passwords=passwords, renew=renew))
    try:
        _restore_dump(backup, keys, admin_url, progress)
    except SealBroken as broken:
        raise BackupError(str(broken)) from None
    asyncio.run(migrate(admin_url, passwords=passwords, renew=renew))
    return asyncio.run(prove(admin_url, manifest))


async def _check_empty(admin_url: str) -> None:
    connection = await asyncpg.connect(asyncpg_dsn(admin_url), timeout=30)
    try:
        found = await connection.fetch(
            "SELECT nspname FROM pg_namespace WHERE nspname = ANY ($1) ORDER BY 1", list(SERVICES)
        )
    finally:
        await connection.close()
    if found:
        names = ", ".join(row["nspname"] for row in found)
        raise BackupError(
            f"the database already has {names}: restore into an empty one, nothing is overwritten"
        )


def _restore_dump(backup: Path, keys: BackupKeys, admin_url: str, progress: Progress) -> None:
    """Feed the dump through pg_restore into one transaction of psql: all of it or nothing."""
    psql = ("-X", "-q", "--set=ON_ERROR_STOP=1", "--single-transaction", "--file=-")
    with (
        (backup / DUMP).open("rb") as raw,
        open(os.devnull, "wb") as nothing,
        running("psql", *psql, url=admin_url, stdin=PIPE, stdout=nothing) as sink,
        running("pg_restore", "--no-owner", "--file=-", stdin=PIPE) as source,
        ThreadPoolExecutor(1) as beside,
    ):
        assert source.stdin is not None
        assert source.stdout is not None
        assert sink.stdin is not None
        fed = beside.submit(_feed, opened(raw, keys, DUMP), source.stdin, progress)
        for piece in _known_to_any_server(source.stdout):
            sink.stdin.write(piece)
        fed.result()  # before psql sees the end, at which it commits


def _feed(pieces: Iterator[bytes], sink: IO[bytes], progress: Progress) -> None:
    try:
        for piece in pieces:
            sink.write(piece)
            progress(len(piece))
    finally:
        sink.close()


def _known_to_any_server(lines: IO[bytes]) -> Iterator[bytes]:
    for _ in range(_HEAD_LINES):
        line = lines.readline()
        if line not in _SERVER_MAY_NOT_KNOW:
            yield line
    while piece := lines.read(1024 * 1024):
        yield piece


async def prove(admin_url: str, manifest: Manifest) -> Restored:
    """Verify the books and the evidence of every service of a restored database."""
    faults: list[str] = []
    for service in SERVICES:
        streams = import_module(f"services.{service}.common.evidence").STREAMS
        db = Database(admin_url, service, pool_size=1, statement_timeout_ms=0)
        try:
            async with evidence_verify.frozen(db) as tx:
                found = await evidence_verify.verify(tx, service, streams)
        finally:
            await db.close()
        faults += [f"{service}: {fault}" for fault in found.faults]
    return Restored(manifest, await _verify_books(admin_url, manifest), tuple(faults))


async def _verify_books(admin_url: str, manifest: Manifest) -> Verdict:
    """Verify the restored books; they must hold the chain heads that the manifest names."""
    kept: Sequence[tuple[int, int, str]] = [
        (head.slot, head.seq, head.hash) for head in manifest.heads if head.seq
    ]
    db = Database(admin_url, "ledger", pool_size=1, statement_timeout_ms=0)
    try:
        async with verify_flow.frozen(db) as tx:
            return await verify_flow.verify(tx, kept=kept)
    finally:
        await db.close()
