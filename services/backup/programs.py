"""PostgreSQL's own programs for dumps: those of the embedded package, or the system's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from services.backup.manifest import BackupError
from services.embedded import EmbeddedError
from services.embedded.place import clean_environment, packaged_binaries
from shared.process.database_address import without_login


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs.

    Raises:
        BackupError: neither the package nor the system has it.
    """
    with suppress(EmbeddedError):
        packaged: Path = packaged_binaries() / name
        if packaged.exists():
            return str(packaged)
    found = shutil.which(name)
    if found is None:
        raise BackupError(
            f"{name} is not installed: install wuxian[embedded] or PostgreSQL's client programs"
        )
    return found


def environment(url: str) -> dict[str, str]:
    """Return the environment in which a program logs in; nobody reads a password from its words."""
    parts = urlsplit(url)
    login = {"PGUSER": unquote(parts.username or ""), "PGPASSWORD": unquote(parts.password or "")}
    return clean_environment() | {name: value for name, value in login.items() if value}


@contextmanager
def running(
    name: str,
    *words: str,
    url: str | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside us; it has ended well when the block does.

    Raises:
        BackupError: it failed; the text has its last words.
    """
    address = ["--dbname", without_login(url)] if url else []
    process = subprocess.Popen(
        [program(name), *words, *address],
        env=environment(url) if url else clean_environment(),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
        if process.stdin is not None:
            process.stdin.close()
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace").strip()
        if process.wait() != 0:
            raise BackupError(f"{name} failed: {said[-1000:]}")
    except BrokenPipeError:
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace").strip()
        raise BackupError(f"{name} failed: {said[-1000:]}") from None
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
