"""Balances of every day in memory: one running sum per account and district, searched by halves.

A cube is what the day buckets say, folded over all slots, up to a place in each slot's chain. It
grows with the days and districts of the books, not with their entries; a balance as of any day is
one binary search a series. Backdated postings move the later sums of their own series only.
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
    """Where an amount stands, but for its day."""

    book: str
    fund: str
    account: str
    district: str


class Head(NamedTuple):
    """How far a slot's chain has come."""

    seq: int
    hash: bytes


class Cell(NamedTuple):
    """Debits and credits of one place on one day (a proleptic ordinal)."""

    place: Place
    day: int
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """Which places a question is about; None: all."""

    book: str | None = None
    fund: str | None = None
    account: str | None = None
    district: str | None = None

    def holds(self, place: Place) -> bool:
        """Whether a place is asked about. An account covers its parts ("benefit" all of 5001)."""
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
    """The days of one place on which something was posted, and the sums by the end of each."""

    __slots__ = ("credits_fen", "days", "debits_fen")

    def __init__(self) -> None:
        self.days = array("i")
        self.debits_fen = array("q")
        self.credits_fen = array("q")

    def add(self, day: int, debit_fen: int, credit_fen: int) -> None:
        """Post on a day; every later sum moves along."""
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
        """Post on many days at once: what another slot has of this place."""
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
        """(debits, credits) by the end of a day; None when nothing was posted by then."""
        at = bisect_right(self.days, day)
        return (self.debits_fen[at - 1], self.credits_fen[at - 1]) if at else None

    def steps(self, first: int = 0, last: int = 2**31 - 1) -> Iterator[tuple[int, int, int]]:
        """(day, debits, credits) of each day from `first` to `last` with postings."""
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

    def since(self, day: int) -> int | None:
        """The first day of the unbroken run of days, up to `day`, with a balance other than zero.

        None when the balance by the end of `day` is zero.
        """
        found = None
        for at in range(bisect_right(self.days, day) - 1, -1, -1):
            if self.debits_fen[at] == self.credits_fen[at]:
                break
            found = self.days[at]
        return found


@dataclass(slots=True)
class Cube:
    """Every series, as of these heads."""

    heads: Mapping[int, Head] = field(default_factory=dict)
    series: dict[Place, Series] = field(default_factory=dict)

    def of(self, place: Place) -> Series:
        """The series of a place, made when it is the first."""
        found = self.series.get(place)
        if found is None:
            found = self.series[place] = Series()
        return found

    def extend(self, heads: Mapping[int, Head], cells: Sequence[Cell]) -> None:
        """Take in what was posted between the cube's heads and these."""
        for place, day, debit_fen, credit_fen in cells:
            self.of(place).add(day, debit_fen, credit_fen)
        self.heads = dict(heads)

    def narrowed(self, narrow: Narrow) -> Iterator[tuple[Place, Series]]:
        """The series that a question is about."""
        return ((place, one) for place, one in self.series.items() if narrow.holds(place))

    def sums(self, as_of: date, narrow: Narrow) -> list[Sum]:
        """Debits and credits of every account with postings by the end of a day."""
        day = as_of.toordinal()
        found: dict[tuple[str, str, str], tuple[int, int]] = {}
        for place, one in self.narrowed(narrow):
            until = one.until(day)
            if until is not None:
                key = place[:3]
                debit_fen, credit_fen = found.get(key, (0, 0))
                found[key] = (debit_fen + until[0], credit_fen + until[1])
        return [Sum(*key, *found[key]) for key in sorted(found)]

    def between(self, first: date, last: date, narrow: Narrow) -> list[Sum]:
        """Debits and credits of every account posted from `first` to `last`."""
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
