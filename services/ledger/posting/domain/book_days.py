"""The days that the books take entries on (可记账之日)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.ledger.rules.domain.chart import Fund


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDays:
    """The last closed day, the first day of the chart, and the funds with their days."""

    closed_until: date | None
    chart_from: date
    funds: Sequence[Fund]

    @property
    def first_open_day(self) -> date:
        """Return the first day that takes entries."""
        return self.chart_from if self.closed_until is None else day_after(self.closed_until)


def day_after(closed_until: date) -> date:
    """Return the first open day after the last closed one."""
    return closed_until + timedelta(days=1)
