"""The log of a whole installation: every line in files of its home, the readable ones printed."""

from __future__ import annotations

from logging import INFO, LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

from services.supervisor.supervisor import print_log

FILE_BYTES = 20 * 1024 * 1024
FILES = 10
SUPERVISOR = "supervisor"
ACCESS_LINE = '{"event":"request"'
"""The beginning of a line of a service's access log (shared/web/access.py)."""


class HomeLog:
    """Takes the lines of all processes: all go to `services.log`, requests to `access.log`.

    Only lines that are no request are printed: a person who watches `wuxian up` would not find them
    among thousands of requests. While all start at once, each misses the others, which is no news:
    the services' lines are printed once `is_starting` is over. Each file is turned over at 20 MB,
    and ten are kept.
    """

    def __init__(self, directory: Path) -> None:
        self.is_starting = True
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._access = _file(directory / "access.log")
        self._services = _file(directory / "services.log")

    def __call__(self, name: str, line: str) -> None:
        """Keep a line, and print it unless it is a request."""
        if line.startswith(ACCESS_LINE):
            _write(self._access, line)
            return
        _write(self._services, f"{name:<10} | {line}")
        if name == SUPERVISOR or not self.is_starting:
            print_log(name, line)

    def close(self) -> None:
        """Close the files."""
        self._access.close()
        self._services.close()


def _file(path: Path) -> RotatingFileHandler:
    return RotatingFileHandler(
        path, maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8", delay=True
    )


def _write(file: RotatingFileHandler, line: str) -> None:
    file.emit(LogRecord("wuxian", INFO, "", 0, line, None, None))
