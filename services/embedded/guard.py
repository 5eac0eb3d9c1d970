"""Stops the server of a process that died without a word (kill -9).

A small process of its own holds the reading end of a pipe; when the writer is gone, by whatever
way, it stops the server unless somebody else has been tied to it since.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import services


def python_environment() -> dict[str, str]:
    """The environment in which a child Python finds these very packages, wherever it is started."""
    parent = Path(services.__file__ or "").resolve().parent.parent
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if parent.name not in {"site-packages", "dist-packages"}:
        kept["PYTHONPATH"] = str(parent)
    return kept


def python_command(module: str, *words: str) -> list[str]:
    """A command for a child Python; -P keeps the working directory's own `services` out."""
    return [sys.executable, "-P", "-m", module, *words]


def watch(home: Path) -> subprocess.Popen[bytes]:
    """Start a guard over a home's server; it wakes when this process ends or dismisses it."""
    return subprocess.Popen(
        python_command("services.embedded.guard", str(home)),
        env=python_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def dismiss(process: subprocess.Popen[bytes]) -> None:
    """End a guard whose server is stopped already."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    process.wait(60)


def main(home: Path) -> None:
    """Wait for the end of the pipe, then stop the server unless it has found another owner."""
    from services.embedded.server import EmbeddedPostgres

    while sys.stdin.buffer.read(1):
        pass
    if home.exists():
        EmbeddedPostgres(home).stop_if_unowned()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
