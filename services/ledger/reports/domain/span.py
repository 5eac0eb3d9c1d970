"""The days that a report covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Span:
    """A month or a year."""

    label: str
    first: date
    last: date

    @classmethod
    def of(cls, label: str, last: date) -> Span:
        """Return the span "2021-07" or "2021" that ends on `last`."""
        first = date(last.year, 1, 1) if len(label) == 4 else date(last.year, last.month, 1)
        return cls(label, first, last)

    @property
    def is_year(self) -> bool:
        """Tell whether it is a whole year."""
        return len(self.label) == 4

    @property
    def year_first(self) -> date:
        """Return the first day of its year."""
        return date(self.last.year, 1, 1)

    @property
    def eve(self) -> date:
        """Return the day before its first day."""
        return date.fromordinal(self.first.toordinal() - 1)

    @property
    def year_eve(self) -> date:
        """Return the day before the first day of its year."""
        return date.fromordinal(self.year_first.toordinal() - 1)
