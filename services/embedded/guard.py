"""Starts the guard: a process that stops the server when its last user is killed (kill -9).

The guard (guard_process.py) holds the reading end of a pipe whose writing end is the user's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import services


def python_environment() -> dict[str, str]:
    """Make the environment in which a child Python finds these very packages."""
    parent = Path(services.__file__ or "").resolve().parent.parent
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if parent.name not in {"site-packages", "dist-packages"}:
        kept["PYTHONPATH"] = str(parent)
    return kept


def python_command(module: str, *words: str) -> list[str]:
    """Make the command of a child Python; -P keeps the working directory's own `services` out."""
    return [sys.executable, "-P", "-m", module, *words]


def watch(home: Path) -> subprocess.Popen[bytes]:
    """Start a guard over a home's server; it wakes when this process ends or dismisses it."""
    return subprocess.Popen(
        python_command("services.embedded.guard_process", str(home)),
        env=python_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def dismiss(process: subprocess.Popen[bytes]) -> None:
    """End the guard of a user that uses the server no longer."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    process.wait(60)
