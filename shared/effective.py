"""Dated rows: pick what was in force on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Protocol, TypeVar


class Dated(Protocol):
    """Anything in force from a day, and until a day when one is known (both inclusive)."""

    @property
    def in_force_from(self) -> date:
        """First day in force."""

    @property
    def in_force_to(self) -> date | None:
        """Last day in force, or None while it still is."""


D = TypeVar("D", bound=Dated)


def in_force(rows: Iterable[D], on: date) -> list[D]:
    """Return the rows in force on a day, in their given order."""
    return [
        row
        for row in rows
        if row.in_force_from <= on and (row.in_force_to is None or on <= row.in_force_to)
    ]


def overlaps(rows: Iterable[D]) -> list[tuple[D, D]]:
    """Return pairs of rows with overlapping days, which a set with one answer a day may not have."""
    ordered = sorted(rows, key=lambda row: row.in_force_from)
    return [
        (earlier, later)
        for earlier, later in pairwise(ordered)
        if earlier.in_force_to is None or later.in_force_from <= earlier.in_force_to
    ]
