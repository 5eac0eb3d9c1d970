"""Ports: a free one, whether one is taken, and by whom as far as this machine tells."""

from __future__ import annotations

import errno
import socket
from pathlib import Path


class PortTaken(Exception):
    """A port that a service needs is in use; the text says by whom and what to change."""


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def check_port(host: str, port: int, service: str) -> None:
    """Refuse when a service could not listen on its port.

    Raises:
        PortTaken: somebody listens there, or we may not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            return
        except OSError as error:
            reason = error.errno
    change = f"set WUXIAN_{service.upper()}_PORT (or --port) to another port"
    if reason == errno.EADDRINUSE:
        who = holder(port)
        raise PortTaken(
            f"{service}: port {port} is taken{f' by {who}' if who else ''};"
            f" stop that program, or {change}"
        )
    raise PortTaken(
        f"{service}: cannot listen on {host}:{port} ({errno.errorcode[reason or 0]});"
        f" {change}, or WUXIAN_HOST to an address of this machine"
    )


def holder(port: int) -> str:
    """Process id and name of the listener on a port, "" when this machine does not tell (Linux)."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            held = any(str(entry.readlink()) in inodes for entry in (process / "fd").iterdir())
            if held:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                return f"process {process.name} ({' '.join(words).strip()[:120]})"
        except OSError:
            continue
    return ""


def _listening_inodes(port: int) -> list[str]:
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            listening = columns[3] == "0A"
            if listening and int(columns[1].rpartition(":")[2], 16) == port:
                found.append(columns[9])
    return found
