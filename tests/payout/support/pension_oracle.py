"""The facts of a pensioner's life and what is due by them, written apart from the services.

Months are numbers; month 0 is the first one. A fact is what a paper says. Only registrations and
raises look at what was known before them: an amount that is registered after a raise, from a month
of the raise on, is the raised one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import ClassVar

BACK_PAY = ("life_proof_missed", "missing", "death")
REASONS = (*BACK_PAY, "prison")
PART_FEN, FINAL_PART_FEN = 160_000, 190_000
"""The account's part of the pension from month 0 on, and after the registration is recalculated."""


@dataclass(frozen=True)
class Fact:
    """Something that becomes known of a person."""


@dataclass(frozen=True)
class Registered(Fact):
    """An amount from a month on, paid by a district."""

    since: int
    fen: int
    letter: str


@dataclass(frozen=True)
class Recalculated(Fact):
    """The final amount of a registration whose amount was provisional, from its own month on."""

    since: int
    fen: int


@dataclass(frozen=True)
class Moved(Fact):
    """Another district from a month on, with the amount of before."""

    since: int
    letter: str


@dataclass(frozen=True)
class Stopped(Fact):
    """A suspension from a month on; of `death` the month before it is the last one due."""

    reason: str
    since: int


@dataclass(frozen=True)
class Resumed(Fact):
    """The stops of a reason end: from the month `since` on the pension is due again."""

    reason: str
    since: int


@dataclass(frozen=True)
class Retired(Fact):
    """The month of retirement and the months paid, which raises ask for; the latest counts."""

    month: int
    paid_months: int


@dataclass(frozen=True)
class Raised(Fact):
    """A raise of everybody from a month on; those of earlier months, then sequences, come first."""

    since: int
    sequence: int
    fixed_fen: int
    per_year_fen: int
    percent: int
    UNIT_FEN: ClassVar[int] = 10

    def raised(self, fen: int, paid_months: int) -> int:
        """Add to a pension, rounded half up to a jiao; a year begun counts as a year."""
        years = -(-paid_months // 12)
        added = self.fixed_fen + self.per_year_fen * years + Fraction(fen * self.percent, 100)
        return fen + floor(added / self.UNIT_FEN + Fraction(1, 2)) * self.UNIT_FEN


@dataclass(frozen=True)
class AccountChanged(Fact):
    """Another account of the same person."""

    number: int


def due_fen(facts: Sequence[Fact], month: int) -> int:
    """Compute what is due of a month by facts in the order in which they became known."""
    if any(since <= month and (until is None or month < until) for since, until in stops(facts)):
        return 0
    final = {fact.since: fact.fen for fact in facts if isinstance(fact, Recalculated)}
    bases = [
        (fact.since, index, final.get(fact.since, fact.fen))
        for index, fact in enumerate(facts)
        if isinstance(fact, Registered)
    ]
    begun = [base for base in bases if base[0] <= month]
    if not begun:
        return 0
    since, known, fen = max(begun)
    retired = [fact for fact in facts if isinstance(fact, Retired)]
    if not retired:
        return fen
    was_retired_before = min(min(bases)[0], retired[-1].month)
    raises = sorted(
        (fact.since, fact.sequence, index)
        for index, fact in enumerate(facts)
        if isinstance(fact, Raised)
    )
    for first, _, approved in raises:
        in_months = first <= month
        counts = since < first or (known < approved and was_retired_before < first)
        if in_months and counts:
            fact = facts[approved]
            assert isinstance(fact, Raised)
            fen = fact.raised(fen, retired[-1].paid_months)
    return fen


def drawn_fen(facts: Sequence[Fact], month: int) -> int:
    """Compute what a month asks of the personal account: its part, at most what is due."""
    final = any(isinstance(fact, Recalculated) and fact.since == 0 for fact in facts)
    return min(FINAL_PART_FEN if final else PART_FEN, due_fen(facts, month))


def stops(facts: Sequence[Fact]) -> list[tuple[int, int | None]]:
    """List the months that are not due, as (first month, first month due again)."""
    found: list[tuple[str, int, int | None]] = []
    for fact in facts:
        if isinstance(fact, Stopped):
            found.append((fact.reason, fact.since, None))
        elif isinstance(fact, Resumed):
            found = [
                (reason, since, fact.since if reason == fact.reason and until is None else until)
                for reason, since, until in found
            ]
    return [(since, until) for _, since, until in found]


def must_follow(later: Fact, earlier: Fact) -> bool:
    """Tell whether a fact can only become known after one that it followed."""
    match earlier, later:
        case (Stopped() | Resumed(), Stopped() | Resumed()):
            return earlier.reason == later.reason
        case (Registered() | Moved(), Stopped() | Resumed()):
            return later.reason == "death"
        case (Stopped() | Resumed(), Registered() | Moved()):
            return earlier.reason == "death"
        case (Registered() | Recalculated(), Recalculated()):
            return earlier.since == later.since
        case (Registered(), Registered()):
            return False
        case (Registered() | Moved() | Raised(), Registered() | Moved() | Raised()):
            return not (isinstance(earlier, Raised) and isinstance(later, Raised))
        case (Registered() | Moved(), Retired()):
            return True  # a raised row may begin in the month of a row that is not known yet
        case (Retired(), Retired()) | (AccountChanged(), AccountChanged()):
            return True
    return False
