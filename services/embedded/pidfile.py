"""The content of `postmaster.pid`, and checks that the process it names is really ours.

A file left by a crash still says "ready", and its pid may since belong to anybody, so nothing is
believed (and nobody signalled) before the process's own command line named our data directory.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PidFile:
    """The lines of a postmaster.pid that matter."""

    pid: int
    port: int
    status: str

    @classmethod
    def read(cls, data: Path) -> PidFile | None:
        """Return the file of a data directory, or None when there is none or it is half written."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(int(lines[0]), int(lines[3]), lines[7].strip() if len(lines) > 7 else "")
        except (FileNotFoundError, IndexError, ValueError):
            return None


def exists(pid: int) -> bool:
    """Return whether a process has this pid, even a dead one that its parent has not yet reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_alive(pid: int) -> bool:
    """Return whether a process runs; a dead one that waits to be reaped does not."""
    if not exists(pid):
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self/stat").exists()
    except IndexError:
        return True


def is_server_of(pid: int, data: Path) -> bool:
    """Return whether a living process is the postmaster of this data directory."""
    if not is_alive(pid):
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        listing = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        words = listing.stdout.split()
    return Path(words[0]).name == "postgres" and str(data) in words if words else False


def running_pid(data: Path) -> int | None:
    """Return the pid of the living server of a data directory, or None."""
    found = PidFile.read(data)
    return found.pid if found and is_server_of(found.pid, data) else None


def orphans(data: Path) -> list[int]:
    """Backends that outlived their postmaster: they still hold the data directory open."""
    found, data = [], data.resolve()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == data:
                found.append(int(entry.name))
        except OSError:
            continue
    return found
