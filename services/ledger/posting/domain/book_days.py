"""The days that the books take entries on (可记账之日)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.ledger.rules.domain.chart import Fund
from shared.book_days.open_day import BookDays


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDays(BookDays):
    """The days of the books, and the funds with their days."""

    funds: Sequence[Fund]


def day_after(closed_until: date) -> date:
    """Return the first open day after the last closed one."""
    return closed_until + timedelta(days=1)
