"""The only place that reads a clock. All business days are days in Asia/Shanghai.

In a sandbox the business day can be moved: a file says by how many days. Instants never move, since
tokens, signatures and leases live by them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_moved: dict[str, Path] = {}
"""The file that moves the business day of this process, under "file"; none outside a sandbox."""


def now() -> datetime:
    """Return the current instant, with its offset."""
    return datetime.now(UTC)


def today() -> date:
    """Return the current business day in Asia/Shanghai."""
    return real_today() + timedelta(days=days_moved()) if _moved else real_today()


def day_of(instant: datetime) -> date:
    """Return the day in Asia/Shanghai of an instant."""
    return instant.astimezone(SHANGHAI).date()


def real_today() -> date:
    """Return the day in Asia/Shanghai, wherever a sandbox has moved its own."""
    return datetime.now(SHANGHAI).date()


def follow(file: Path | None) -> None:
    """Let a file move the business day of this process; None: nothing moves it."""
    _moved.clear()
    if file is not None:
        _moved["file"] = file


def days_moved() -> int:
    """Return by how many days the business day is moved."""
    try:
        return int(_moved["file"].read_text())
    except (KeyError, FileNotFoundError, ValueError):
        return 0
