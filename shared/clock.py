"""The only place that reads a clock. All business days are days in Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the current instant, with its offset."""
    return datetime.now(UTC)


def today() -> date:
    """Return the current business day in Asia/Shanghai."""
    return datetime.now(SHANGHAI).date()
