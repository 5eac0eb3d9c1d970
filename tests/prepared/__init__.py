"""Python processes of the tests that start at once: forked from one that has imported everything.

A service imports a thousand modules, which takes ten times as long as all else at its start; the
stories start hundreds of services and commands. Each test file chooses by the fixture
`prepared_python`; those that test the start itself start Python as a user does.
"""

from __future__ import annotations

import fcntl
import inspect
import subprocess
import sys
from pathlib import Path

from tests.prepared import program

_ADDRESS_BYTES = 100
"""Length of a socket's address that every system takes."""


def works_in(home: Path) -> bool:
    """Return whether this system kills a process by the end of another (`parent.become`)."""
    return hasattr(fcntl, "F_SETSIG") and len(str(home / "socket")) < _ADDRESS_BYTES


def start(home: Path, watched: int) -> Path:
    """Write the programs and start the process behind them, once a run; the folder of the programs."""
    if (home / "socket").exists():
        return home
    home.mkdir(mode=0o755, exist_ok=True)
    base = getattr(sys, "_base_executable", sys.executable)
    for name in ("python", "wuxian"):
        real = str(Path(sys.executable).with_name(name))
        call = f"main({real!r}, {str(home / 'socket')!r})"
        (home / name).write_text(f"#!{base} -IS\n{inspect.getsource(program)}\n\n{call}\n")
        (home / name).chmod(0o755)
    words = [str(home / "socket"), str(home / "python"), str(watched)]
    with (home / "log").open("w") as log:
        started = subprocess.run(
            [sys.executable, "-P", "-m", "tests.prepared.parent", *words],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    assert started.returncode == 0, (home / "log").read_text()
    return home
