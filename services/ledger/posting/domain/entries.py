"""Entries of a voucher, taken apart into a pattern and their amounts.

Nearly all vouchers have one of a few thousand patterns: the same books, funds, accounts, districts
and sides beside other amounts. What follows from the pattern alone is worked out once for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import starmap
from typing import Final, NamedTuple, TypeAlias

Place: TypeAlias = tuple[str, str, str, str]
"""(book, fund, account, district): where an entry stands in the books."""
PATTERNS_MAX: Final = 4096
"""Patterns that a process remembers."""
REMEMBERED_ENTRIES_MAX: Final = 40
"""Entries of the longest pattern that is remembered; some thousand longer ones would fill memory."""


class Line(NamedTuple):
    """An entry. One of its two amounts is zero; the other is negative in red-letter vouchers only."""

    book: str
    fund: str
    account: str
    district: str
    debit_fen: int
    credit_fen: int


class Pattern:
    """Places and sides of a voucher's entries, in their order.

    `form` is their canonical text with a gap for each amount. `sums` tells for each amount which
    sum it belongs to: every (book, fund) has two, of its debits and of its credits.
    """

    __slots__ = ("_hash", "accounts", "credits", "form", "places", "sums")

    def __init__(self, places: tuple[Place, ...], credits: tuple[bool, ...]) -> None:
        self.places = places
        self.credits = credits
        self.accounts = frozenset(account for _, _, account, _ in places)
        self.form = "".join(starmap(_form, zip(places, credits, strict=True)))
        groups = [place[:2] for place in places]
        first = {group: 2 * at for at, group in enumerate(dict.fromkeys(groups))}
        self.sums = tuple(first[group] + side for group, side in zip(groups, credits, strict=True))
        self._hash = hash((places, credits))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Pattern)
            and (self.places, self.credits) == (other.places, other.credits)
        )


class Entries(NamedTuple):
    """Entries of one voucher. An amount is negative in red-letter vouchers only."""

    pattern: Pattern
    amounts: tuple[int, ...]

    def text(self) -> str:
        """Write their canonical text."""
        return self.pattern.form % tuple([f"{len(fen)}:{fen}" for fen in map(str, self.amounts)])

    def is_balanced(self) -> bool:
        """Tell whether the debits of every (book, fund) equal its credits."""
        sums = [0] * (2 * len(self.amounts))
        for at, fen in zip(self.pattern.sums, self.amounts, strict=True):
            sums[at] += fen
        return sums[::2] == sums[1::2]

    def lines(self) -> tuple[Line, ...]:
        """Put them together, one by one."""
        pattern, amounts = self
        return tuple(
            Line(*place, 0, fen) if is_credit else Line(*place, fen, 0)
            for place, is_credit, fen in zip(pattern.places, pattern.credits, amounts, strict=True)
        )


_known: dict[tuple[tuple[Place, ...], tuple[bool, ...]], Pattern] = {}
_places: dict[Place, Place] = {}


def pattern_of(places: Iterable[Place], credits: Iterable[bool]) -> Pattern:
    """Return the pattern of entries, the same one each time as long as it is remembered."""
    key = tuple(places), tuple(credits)
    if len(key[0]) > REMEMBERED_ENTRIES_MAX:
        return Pattern(*key)
    known = _known.get(key)
    if known is None:
        if len(_known) >= PATTERNS_MAX:
            _known.clear()
            _places.clear()
        # Patterns share their places: one is then little more than pointers.
        key = tuple([_places.setdefault(place, place) for place in key[0]]), key[1]
        known = _known[key] = Pattern(*key)
    return known


def entries_of(lines: Iterable[Line]) -> Entries:
    """Take entries apart.

    Raises:
        ValueError: an entry is a debit and a credit at once.
    """
    places: list[Place] = []
    credits: list[bool] = []
    amounts: list[int] = []
    for book, fund, account, district, debit_fen, credit_fen in lines:
        if debit_fen and credit_fen:
            raise ValueError(f"{account}: an entry is a debit or a credit")
        places.append((book, fund, account, district))
        credits.append(not debit_fen)
        amounts.append(debit_fen or credit_fen)
    return Entries(pattern_of(places, credits), tuple(amounts))


def sized(value: str | None) -> str:
    """Prefix a value with its length in bytes, so that different columns never give the same text."""
    if value is None:
        return "-,"
    return f"{len(value) if value.isascii() else len(value.encode())}:{value},"


def _form(place: Place, is_credit: bool) -> str:
    dimensions = "".join(map(sized, place)).replace("%", "%%")
    return f"{dimensions}1:0,%s," if is_credit else f"{dimensions}%s,1:0,"
