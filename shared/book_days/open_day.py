"""The days that the books take entries on (可记账之日): where a fact is booked, and which day may be chosen.

A fact (the bank's or the tax bureau's day) is never refused because its day is closed: it is booked
on the first open day and keeps its own day as the value date. A day that a person chooses must be
open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from shared.errors import Fault, Kind, Refusal


class DayClosed(Refusal):
    """该日已结账,请改用未结账之日 (the day is closed; choose an open day)"""

    kind = Kind.CONFLICT
    code = "DAY_CLOSED"


class DayBeforeChart(Refusal):
    """该日早于会计科目表首日,不得记账 (the day is before the first day of the chart of accounts)"""

    kind = Kind.INVALID
    code = "DAY_BEFORE_CHART"


class FactDay(NamedTuple):
    """The day that a fact is booked on, and its own day."""

    book_date: date
    value_date: date


def closed_words(day: date, first_open_day: date) -> str:
    """Say that a day is closed, and which one is the first open day."""
    first = first_open_day.isoformat()
    return f"{day}: 首个未结账之日为 {first} (the first open day is {first})"


@dataclass(frozen=True, slots=True)
class BookDays:
    """The last closed day (None while no day is closed) and the first day of the chart."""

    closed_until: date | None = None
    chart_from: date = date.min

    @property
    def first_open_day(self) -> date:
        """The first day that takes entries."""
        if self.closed_until is None:
            return self.chart_from
        return self.closed_until + timedelta(days=1)

    def fact_day(self, day: date, pointer: str = "/") -> FactDay:
        """Return where a fact of a day is booked: on its day, or on the first open day.

        Raises:
            DayBeforeChart: no chart knows the day.
        """
        self._require_charted(day, pointer)
        return FactDay(max(day, self.first_open_day), day)

    def chosen_day(self, day: date, pointer: str = "/") -> date:
        """Return a day that a person chose, if it is open.

        Raises:
            DayBeforeChart: no chart knows the day.
            DayClosed: the day is closed; the refusal names the first open day.
        """
        self._require_charted(day, pointer)
        if day < self.first_open_day:
            raise DayClosed(
                faults=[Fault(pointer, DayClosed.code, closed_words(day, self.first_open_day))],
                closed_until=self.closed_until,
                first_open_day=self.first_open_day.isoformat(),
            )
        return day

    def charted_day(self, day: date, pointer: str = "/") -> date:
        """Return a day that the chart knows, open or closed.

        Raises:
            DayBeforeChart: no chart knows the day.
        """
        self._require_charted(day, pointer)
        return day

    def is_before_chart(self, day: date) -> bool:
        """Tell whether no chart knows the day."""
        return day < self.chart_from

    def _require_charted(self, day: date, pointer: str) -> None:
        if self.is_before_chart(day):
            message = f"{day}: {self.chart_from} 起 (from {self.chart_from} on)"
            raise DayBeforeChart(
                faults=[Fault(pointer, DayBeforeChart.code, message)], chart_from=self.chart_from
            )
