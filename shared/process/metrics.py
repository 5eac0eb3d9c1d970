"""The figures of a service, also where several worker processes serve it together."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that tells the library where the workers of one service keep their figures."""


def share(directory: Path) -> None:
    """Let the workers started after this add their figures up in a directory, emptied first.

    To be called before the first import of a module that makes a metric: the library looks at the
    variable once.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ[DIRECTORY] = str(directory)


def exposition() -> bytes:
    """Return the figures of all workers in Prometheus' text form."""
    if DIRECTORY not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
