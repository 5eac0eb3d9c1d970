"""The product's own backup and restore, timed: `wuxian backup` and `wuxian restore`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from services.embedded import EmbeddedPostgres
from services.embedded.guard import python_command, python_environment


@dataclass(frozen=True, slots=True)
class Copy:
    """One backup and its restore into a server of its own."""

    database_bytes: int
    backup_bytes: int
    backup_seconds: float
    restore_seconds: float
    verified: bool

    def line(self) -> str:
        """One line for the reader."""
        return (
            f"database {self.database_bytes / 2**20:,.0f} MiB: backup {self.backup_bytes / 2**20:,.0f}"
            f" MiB in {self.backup_seconds:.1f} s, restored and verified in"
            f" {self.restore_seconds:.1f} s"
        )

    def as_json(self) -> dict[str, float]:
        """Return the figures of `--json`."""
        return {
            "database_mib": round(self.database_bytes / 2**20, 1),
            "backup_mib": round(self.backup_bytes / 2**20, 1),
            "backup_seconds": round(self.backup_seconds, 2),
            "restore_seconds": round(self.restore_seconds, 2),
        }


def copy(home: Path, admin_url: str, database_bytes: int, directory: Path) -> Copy:
    """Back up an installation, restore it into an embedded server of its own, and remove both.

    The restore makes the server, loads the dump, builds the indexes and verifies books and
    evidence: what an operator waits for.
    """
    directory.mkdir(mode=0o755)
    os.chmod(directory, 0o755)  # the server's own account has to pass when root measures
    passphrase = directory / "passphrase"
    passphrase.write_text("growth growth growth")
    words = ("--passphrase-file", str(passphrase), "--json")
    place, restored = directory / "backups", directory / "restored"
    given = {"WUXIAN_HOME": str(home), "WUXIAN_ADMIN_DATABASE_URL": admin_url}
    try:
        backup_seconds, _ = _wuxian(given, "backup", str(place), *words)
        backup_bytes = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
        again = {"WUXIAN_HOME": str(restored)}
        seconds, said = _wuxian(again, "restore", str(place), "--home", str(restored), *words)
    finally:
        EmbeddedPostgres(restored).destroy()
        shutil.rmtree(directory, ignore_errors=True)
    return Copy(database_bytes, backup_bytes, backup_seconds, seconds, bool(said["verified"]))


def _wuxian(given: dict[str, str], *words: str) -> tuple[float, dict[str, object]]:
    kept = {k: v for k, v in python_environment().items() if not k.startswith("WUXIAN_")}
    began = time.perf_counter()
    done = subprocess.run(
        python_command("services.cli", *words),
        env=kept | given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"wuxian {words[0]}: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    found: dict[str, object] = json.loads(done.stdout)
    return time.perf_counter() - began, found
