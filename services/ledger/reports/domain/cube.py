"""The cube of balances: running sums of every account and district by day, kept in memory.

A cube sums the day buckets of all slots up to a position in each slot's chain. Its size depends on
the number of days and districts, not on the number of entries. The balance at the end of a day is
one binary search per series. A backdated posting changes the later sums of its own series only.
The districts are added up too: what is asked of the whole city reads one series an account.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, chain
from typing import Final, NamedTuple

from services.ledger.reports.domain.balance import Sum


class Place(NamedTuple):
    """The key of a series: everything that identifies an amount except its day."""

    book: str
    fund: str
    account: str
    district: str


EVERYWHERE: Final = ""
"""Stands for the district in the place of a series that adds up all districts."""


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

    def merge(self, steps: Iterable[tuple[int, int, int]]) -> None:
        """Add (day, debits, credits) of many days, in any order."""
        debits_fen: dict[int, int] = {}
        credits_fen: dict[int, int] = {}
        for day, debit_fen, credit_fen in chain(self.steps(), steps):
            debits_fen[day] = debits_fen.get(day, 0) + debit_fen
            credits_fen[day] = credits_fen.get(day, 0) + credit_fen
        self.days = array("i", sorted(debits_fen))
        self.debits_fen = array("q", accumulate(debits_fen[day] for day in self.days))
        self.credits_fen = array("q", accumulate(credits_fen[day] for day in self.days))

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
    districts: dict[str, dict[Place, Series]] = field(default_factory=dict)
    """The series of each district, and `EVERYWHERE` those of all districts together."""

    @property
    def known_at(self) -> dict[int, int]:
        """Return slot → sequence number of the last voucher in these sums."""
        return {slot: head.seq for slot, head in self.heads.items()}

    def of(self, place: Place) -> Series:
        """Return the series of a place; create it if there is none."""
        of_district = self.districts.setdefault(place.district, {})
        found = of_district.get(place)
        if found is None:
            found = of_district[place] = Series()
        return found

    def add_up(self) -> Iterator[None]:
        """Add up the districts of a cube that was filled, one account a step."""
        accounts: dict[Place, list[Series]] = {}
        for place, one in self.narrowed(CubeFilter()):
            accounts.setdefault(place._replace(district=EVERYWHERE), []).append(one)
        for place, several in accounts.items():
            self.of(place).merge(chain.from_iterable(one.steps() for one in several))
            yield

    def extend(self, heads: Mapping[int, SlotHead], cells: Sequence[Cell]) -> None:
        """Add the postings between the cube's heads and the given heads."""
        for place, day, debit_fen, credit_fen in cells:
            self.of(place).add(day, debit_fen, credit_fen)
            self.of(place._replace(district=EVERYWHERE)).add(day, debit_fen, credit_fen)
        self.heads = heads

    def narrowed(self, narrow: CubeFilter) -> Iterator[tuple[Place, Series]]:
        """Yield the series that pass a filter, district by district."""
        for district, of_district in self.districts.items():
            if district != EVERYWHERE and narrow.district in {None, district}:
                yield from _passing(of_district, narrow)

    def added_up(self, narrow: CubeFilter) -> Iterator[tuple[Place, Series]]:
        """Yield one series an account that passes a filter: of its district, or of all together."""
        yield from _passing(self.districts.get(narrow.district or EVERYWHERE, {}), narrow)

    def sums(self, as_of: date, narrow: CubeFilter) -> list[Sum]:
        """Return debits and credits of every account with postings by the end of a day."""
        day = as_of.toordinal()
        found = []
        for place, one in self.added_up(narrow):
            until = one.until(day)
            if until is not None:
                found.append(Sum(*place[:3], *until))
        return sorted(found)

    def between(self, first: date, last: date, narrow: CubeFilter) -> list[Sum]:
        """Return debits and credits of every account posted from `first` to `last`."""
        found = []
        for place, one in self.added_up(narrow):
            after = one.until(last.toordinal())
            if after is not None:
                before = one.until(first.toordinal() - 1) or (0, 0)
                found.append(Sum(*place[:3], after[0] - before[0], after[1] - before[1]))
        return sorted(found)


def _passing(series: Mapping[Place, Series], narrow: CubeFilter) -> Iterator[tuple[Place, Series]]:
    if narrow.book is None and narrow.fund is None and narrow.account is None:
        return iter(series.items())
    return ((place, one) for place, one in series.items() if narrow.holds(place))
