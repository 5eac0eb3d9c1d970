"""The only place that reads a clock. All business days are days in Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant, with its offset."""
    return datetime.now(UTC)


def today() -> date:
    """The present business day in Asia/Shanghai."""
    return datetime.now(SHANGHAI).date()
