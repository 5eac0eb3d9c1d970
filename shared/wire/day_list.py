"""Lists of days as people type them: 2027-01-01, or 2027-02-05..2027-02-11 for a span."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

_BETWEEN: Final = re.compile(r"[\s,;\uff0c\uff1b\u3001]+")
SPAN: Final = ".."
SPAN_MAX: Final = 366


def read_days(written: str) -> list[str]:
    """Return the days of a list. A word that is neither a day nor a span stays as it is, for the door
    to name."""
    return [day for word in _BETWEEN.split(written) if word for day in _days_of(word)]


def _days_of(word: str) -> Iterator[str]:
    first, span, last = word.partition(SPAN)
    try:
        begin = date.fromisoformat(first)
        days = (date.fromisoformat(last) - begin).days if span else 0
    except ValueError:
        yield word
        return
    if not 0 <= days < SPAN_MAX:
        yield word
        return
    for number in range(days + 1):
        yield (begin + timedelta(number)).isoformat()
