"""The product's own backup and restore, timed: a dump, and the server's files with their log."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.embedded import EmbeddedPostgres
from services.embedded.guard import python_command, python_environment

PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Copy:
    """One backup and its restore into a server of its own."""

    kind: str
    database_bytes: int
    backup_bytes: int
    backup_seconds: float
    restore_seconds: float
    verified: bool

    def line(self) -> str:
        """One line for the reader."""
        return (
            f"database {self.database_bytes / 2**20:,.0f} MiB: {self.kind}"
            f" {self.backup_bytes / 2**20:,.0f} MiB in {self.backup_seconds:.1f} s, restored and"
            f" verified in {self.restore_seconds:.1f} s"
        )

    def as_json(self) -> dict[str, float | str]:
        """Return the figures of `--json`."""
        return {
            "kind": self.kind,
            "database_mib": round(self.database_bytes / 2**20, 1),
            "backup_mib": round(self.backup_bytes / 2**20, 1),
            "backup_seconds": round(self.backup_seconds, 2),
            "restore_seconds": round(self.restore_seconds, 2),
        }


def dump(home: Path, database_bytes: int, directory: Path) -> Copy:
    """Dump an installation by `wuxian backup`, restore it into a server of its own, remove both.

    The restore makes the server, loads the dump, builds the indexes and verifies books and
    evidence: what an operator waits for.
    """
    directory.mkdir(mode=0o755)
    passphrase, place = _passphrase(directory), directory / "backups"
    try:
        seconds, _ = _wuxian(home, "backup", str(place), *passphrase, "--json")
        restored = _restore(directory, place, passphrase)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return Copy("dump", database_bytes, restored.size, seconds, restored.seconds, restored.verified)


def files(home: Path, database_bytes: int, directory: Path) -> Copy:
    """Copy the server's files by `wuxian backup --wal`, restore them as of the last moment."""
    directory.mkdir(mode=0o755)
    passphrase, archive = _passphrase(directory), directory / "archive"
    began = time.perf_counter()
    keeper = subprocess.Popen(
        python_command("services.cli", "backup", str(archive), "--wal", *passphrase),
        env=_environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(lambda: any(archive.glob("base-*/manifest.json")))
        seconds = time.perf_counter() - began
        segment = asyncio.run(_end_segment(EmbeddedPostgres(home).url))
        _await((archive / "wal" / f"{segment}.sealed").exists)
        keeper.send_signal(signal.SIGTERM)
        keeper.wait(PATIENCE_S)
        restored = _restore(directory, archive, passphrase)
    finally:
        keeper.kill()
        keeper.wait()
        shutil.rmtree(directory, ignore_errors=True)
    return Copy(
        "files and log", database_bytes, restored.size, seconds, restored.seconds, restored.verified
    )


@dataclass(frozen=True, slots=True)
class _Restored:
    size: int
    seconds: float
    verified: bool


def _restore(directory: Path, place: Path, passphrase: tuple[str, ...]) -> _Restored:
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    home = directory / "restored"
    words = ("restore", str(place), "--home", str(home), *passphrase, "--json")
    try:
        seconds, said = _wuxian(home, *words)
    finally:
        EmbeddedPostgres(home).destroy()
    return _Restored(size, seconds, bool(said["verified"]))


def _passphrase(directory: Path) -> tuple[str, ...]:
    path = directory / "passphrase"
    path.write_text("growth growth growth")
    return ("--passphrase-file", str(path))


def _environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in python_environment().items() if not k.startswith("WUXIAN_")}
    return kept | {"WUXIAN_HOME": str(home)}


def _wuxian(home: Path, *words: str) -> tuple[float, dict[str, object]]:
    began = time.perf_counter()
    done = subprocess.run(
        python_command("services.cli", *words),
        env=_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"wuxian {words[0]}: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    found: dict[str, object] = json.loads(done.stdout)
    return time.perf_counter() - began, found


async def _end_segment(admin_url: str) -> str:
    """End the segment of the log that is being written; its name."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("SELECT pg_switch_wal()")
        return str(await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)"))
    finally:
        await connection.close()


def _await(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("the copy of the files does not come")
        time.sleep(0.1)
