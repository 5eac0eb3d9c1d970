"""The cube of balances: running sums of every account and district by day, kept in memory.

A cube sums the day buckets of all slots up to a position in each slot's chain. Its size depends on
the number of days and districts, not on the number of entries. The balance at the end of a day is
one binary search per series. A backdated posting changes the later sums of its own series only.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from services.ledger.reports.domain.balance import Sum


class Place(NamedTuple):
    """The key of a series: everything that identifies an amount except its day."""

    book: str
    fund: str
    account: str
    district: str


class SlotHead(NamedTuple):
    """The last position of a slot's chain."""

    seq: int
    hash: bytes


class Cell(NamedTuple):
    """Debits and credits of one place on one day, as a proleptic ordinal."""

    place: Place
    day: int
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeFilter:
    """A filter on the places of a cube; None does not filter."""

    book: str | None = None
    fund: str | None = None
    account: str | None = None
    district: str | None = None

    def holds(self, place: Place) -> bool:
        """Return whether a place passes. An account includes its parts ("benefit": all of 5001)."""
        return (
            (self.book is None or place.book == self.book)
            and (self.fund is None or place.fund == self.fund)
            and (self.district is None or place.district == self.district)
            and (
                self.account is None
                or place.account == self.account
                or place.account.startswith(f"{self.account}.")
            )
        )


class Series:
    """The days of one place with postings, and the sums at the end of each."""

    __slots__ = ("credits_fen", "days", "debits_fen")

    def __init__(self) -> None:
        self.days = array("i")
        self.debits_fen = array("q")
        self.credits_fen = array("q")

    def add(self, day: int, debit_fen: int, credit_fen: int) -> None:
        """Add a posting on a day to its own and all later sums."""
        at = bisect_left(self.days, day)
        if at == len(self.days) or self.days[at] != day:
            self.days.insert(at, day)
            self.debits_fen.insert(at, self.debits_fen[at - 1] if at else 0)
            self.credits_fen.insert(at, self.credits_fen[at - 1] if at else 0)
        for later in range(at, len(self.days)):
            self.debits_fen[later] += debit_fen
            self.credits_fen[later] += credit_fen

    def merge(
        self, days: Sequence[int], debits_fen: Sequence[int], credits_fen: Sequence[int]
    ) -> None:
        """Add the daily postings of another slot."""
        cells: dict[int, tuple[int, int]] = {
            day: (debit_fen, credit_fen) for day, debit_fen, credit_fen in self.steps()
        }
        for day, debit_fen, credit_fen in zip(days, debits_fen, credits_fen, strict=True):
            before = cells.get(day, (0, 0))
            cells[day] = (before[0] + debit_fen, before[1] + credit_fen)
        self.days, self.debits_fen, self.credits_fen = array("i"), array("q"), array("q")
        debit_sum_fen = credit_sum_fen = 0
        for day in sorted(cells):
            debit_sum_fen += cells[day][0]
            credit_sum_fen += cells[day][1]
            self.days.append(day)
            self.debits_fen.append(debit_sum_fen)
            self.credits_fen.append(credit_sum_fen)

    def until(self, day: int) -> tuple[int, int] | None:
        """Return (debits, credits) at the end of a day; None if nothing was posted by then."""
        at = bisect_right(self.days, day)
        return (self.debits_fen[at - 1], self.credits_fen[at - 1]) if at else None

    def steps(self, first: int = 0, last: int = 2**31 - 1) -> Iterator[tuple[int, int, int]]:
        """Yield (day, debits, credits) of each day with postings from `first` to `last`."""
        at = bisect_left(self.days, first)
        debit_fen, credit_fen = (
            (self.debits_fen[at - 1], self.credits_fen[at - 1]) if at else (0, 0)
        )
        for place in range(at, bisect_right(self.days, last)):
            yield (
                self.days[place],
                self.debits_fen[place] - debit_fen,
                self.credits_fen[place] - credit_fen,
            )
            debit_fen, credit_fen = self.debits_fen[place], self.credits_fen[place]

    def least_from(self, day: int) -> int:
        """Return the least of the balances (debits minus credits) of a day and all later days."""
        debit_fen, credit_fen = self.until(day) or (0, 0)
        later = range(bisect_right(self.days, day), len(self.days))
        return min(
            debit_fen - credit_fen,
            min((self.debits_fen[at] - self.credits_fen[at] for at in later), default=2**63),
        )

    def since(self, day: int) -> int | None:
        """Return the first day since which the balance has been other than zero, up to `day`.

        None when the balance at the end of `day` is zero.
        """
        found = None
        for at in range(bisect_right(self.days, day) - 1, -1, -1):
            if self.debits_fen[at] == self.credits_fen[at]:
                break
            found = self.days[at]
        return found


@dataclass(slots=True)
class Cube:
    """All series, complete up to these heads."""

    heads: Mapping[int, SlotHead] = field(default_factory=dict)
    series: dict[Place, Series] = field(default_factory=dict)

    def of(self, place: Place) -> Series:
        """Return the series of a place; create it if there is none."""
        found = self.series.get(place)
        if found is None:
            found = self.series[place] = Series()
        return found

    def extend(self, heads: Mapping[int, SlotHead], cells: Sequence[Cell]) -> None:
        """Add the postings between the cube's heads and the given heads."""
        for place, day, debit_fen, credit_fen in cells:
            self.of(place).add(day, debit_fen, credit_fen)
        self.heads = dict(heads)

    def narrowed(self, narrow: CubeFilter) -> Iterator[tuple[Place, Series]]:
        """Yield the series that pass a filter."""
        return ((place, one) for place, one in self.series.items() if narrow.holds(place))

    def sums(self, as_of: date, narrow: CubeFilter) -> list[Sum]:
        """Return debits and credits of every account with postings by the end of a day."""
        day = as_of.toordinal()
        found: dict[tuple[str, str, str], tuple[int, int]] = {}
        for place, one in self.narrowed(narrow):
            until = one.until(day)
            if until is not None:
                key = place[:3]
                debit_fen, credit_fen = found.get(key, (0, 0))
                found[key] = (debit_fen + until[0], credit_fen + until[1])
        return [Sum(*key, *found[key]) for key in sorted(found)]

    def between(self, first: date, last: date, narrow: CubeFilter) -> list[Sum]:
        """Return debits and credits of every account posted from `first` to `last`."""
        found: dict[tuple[str, str, str], tuple[int, int]] = {}
        for place, one in self.narrowed(narrow):
            after = one.until(last.toordinal())
            if after is None:
                continue
            before = one.until(first.toordinal() - 1) or (0, 0)
            debit_fen, credit_fen = found.get(place[:3], (0, 0))
            found[place[:3]] = (
                debit_fen + after[0] - before[0],
                credit_fen + after[1] - before[1],
            )
        return [Sum(*key, *found[key]) for key in sorted(found)]
