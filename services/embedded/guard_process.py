"""The guard: waits for the end of a user, then stops the server unless another process uses it."""

from __future__ import annotations

import sys
from pathlib import Path

from services.embedded.server import EmbeddedPostgres


def main(home: Path) -> None:
    """Wait for the end of the pipe, then stop the server if no process uses it."""
    while sys.stdin.buffer.read(1):
        pass
    if home.exists():
        EmbeddedPostgres(home).stop_when_unused()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
