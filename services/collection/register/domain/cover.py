"""Overlapping cover (重复参保): one person at two units on the same day.

Every enrolment covers all insurances, so overlapping days mean double cover. Only work injury
insurance may lawfully be held at several units; that does not excuse the other insurances.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

Span = tuple[str, date, date | None]
"""A unit's credit code, the first day of cover, and the last day; None while cover continues."""


def overlapping(spans: Sequence[Span]) -> list[bool]:
    """Tell for each span whether a span at another unit shares a day with it."""
    return [
        any(_share_a_day(span, other) for other in spans if other[0] != span[0]) for span in spans
    ]


def _share_a_day(one: Span, other: Span) -> bool:
    return (other[2] is None or one[1] <= other[2]) and (one[2] is None or other[1] <= one[2])
