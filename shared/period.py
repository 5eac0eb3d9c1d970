"""Period (费款所属期): a contribution month such as 2021-07, as a value with arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared.errors import Kind, Refusal

PERIOD_PATTERN = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"
_PERIOD = re.compile(PERIOD_PATTERN)
DAY_MIN: Final = date(1990, 1, 1)
DAY_MAX: Final = date(2100, 12, 31)
"""The days that books may know."""


class NotAPeriod(Refusal):
    """费款所属期须为 YYYY-MM (a period is written YYYY-MM)"""

    kind = Kind.INVALID
    code = "PERIOD_MALFORMED"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One calendar month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read "2021-07".

        Raises:
            NotAPeriod: anything else.
        """
        if not isinstance(text, str) or not _PERIOD.fullmatch(text):
            raise NotAPeriod(value=str(text)[:20])
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> Period:
        """Return the period a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def plus(self, months: int) -> Period:
        """Return the period `months` later (earlier when negative)."""
        index = self.year * 12 + self.month - 1 + months
        return Period(index // 12, index % 12 + 1)

    @property
    def first_day(self) -> date:
        """Return the first calendar day."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """Return the last calendar day."""
        return self.plus(1).first_day - timedelta(days=1)

    def day(self, number: int) -> date:
        """Return the day of that number, or the last day when the month is shorter."""
        return min(
            date(self.year, self.month, min(number, 28)) + timedelta(max(0, number - 28)),
            self.last_day,
        )
