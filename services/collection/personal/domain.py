"""What of a paper is the persons' own: the parts of their lines that go to personal accounts. Pure.

Once a bill is settled in full, every person of its paper is credited the personal account's part of
what was levied for that person. A paper that restates a month credits the difference against the
paper it restates, which may be below zero. What persons get of a paper is, fund by fund, exactly what
its lines say; where it would not be, nobody is credited and a person has to look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from services.collection.filing.domain.restatement import CORRECTED
from services.collection.policy.domain.crediting import CreditRule, credit_rule_of
from shared.fund import AccountKind, Party
from shared.money import HALF_UP_FEN, Rounding, levy

KEYS: Final = 1 << 63
"""Persons' keys lie below this; they are spread evenly."""
CREDITS_AIMED_AT: Final = 8_000
"""Credits of one chunk, on average: far enough below the ledger's 10,000 that chance never gets there."""
RELIEF: Final = "relief"
UNNAMED: Final = "default"
"""Kind of the papers that name nobody (核定征收): there is nobody to credit until the unit files."""
Amounts = dict[tuple[int, str], int]
"""(person's key, fund) → fen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationLine:
    """A line of a paper."""

    level: str
    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class PersonAmounts:
    """A person's row of a paper; arrays in the order of the policy's insurances."""

    person_id: int
    base_fen: Sequence[int]
    unit_fen: Sequence[int]
    personal_fen: Sequence[int]
    age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPart:
    """Where a part of each person's line stands, and the fund whose personal account it is for.

    `credits` are the rows by age that say how much of the unit's share it is; without them it is all.
    `relieved_fen` of what it comes to over all people (`whole_fen`) the unit need not pay (减免).
    """

    place: int
    fund: str
    party: Party
    credits: tuple[CreditRule, ...] = ()
    whole_fen: int = 0
    relieved_fen: int = 0

    def left(self, before_fen: int, own_fen: int) -> int:
        """What relief leaves of a person's part, when those before have `before_fen`.

        The relief is spread over persons in the order of their keys, so that up to any of them it is
        the share of what they have together, rounded down; over all of them it is the whole relief.
        """
        if not self.relieved_fen or not self.whole_fen:
            return own_fen
        taken = [
            self.relieved_fen * fen // self.whole_fen for fen in (before_fen, before_fen + own_fen)
        ]
        return own_fen - (taken[1] - taken[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPlan:
    """How a paper's persons are credited, and what they must come to by fund (fen)."""

    parts: tuple[AccountPart, ...]
    totals_fen: Mapping[str, int]
    rounding: Rounding

    @property
    def is_empty(self) -> bool:
        """Whether the paper is about no personal account."""
        return not self.parts and not self.totals_fen


NOTHING: Final = CreditPlan(parts=(), totals_fen={}, rounding=HALF_UP_FEN)
"""Nobody is credited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledDeclaration:
    """A paper whose bill is settled in full, and the one that it restates."""

    unit_id: int
    id: UUID
    bill_id: UUID
    kind: str
    period: str
    people: int
    corrects: UUID | None


def plan(
    kind: str,
    lines: Iterable[DeclarationLine],
    insurances: Sequence[str],
    credits: Sequence[CreditRule],
    rounding: Rounding,
) -> CreditPlan:
    """How persons are credited of a paper of these lines, `corrected` ones left out."""
    if kind == UNNAMED:
        return NOTHING
    own = [line for line in lines if line.level != CORRECTED]
    pooled = {
        line.insurance
        for line in own
        if (line.level, line.party, line.account) == ("people", Party.UNIT, AccountKind.POOLED)
    }
    totals: dict[str, int] = defaultdict(int)
    parts: dict[tuple[str, str], AccountPart] = {}
    whole: dict[tuple[str, str], int] = defaultdict(int)
    relieved: dict[tuple[str, str], int] = defaultdict(int)
    for line in own:
        if line.account != AccountKind.PERSONAL_ACCOUNT:
            continue
        totals[line.fund] += line.amount_fen
        if line.level == RELIEF:
            relieved[line.insurance, line.party] -= line.amount_fen
        if line.level != "people":
            continue
        whole[line.insurance, line.party] += line.amount_fen
        party = Party(line.party)
        by_age = party is Party.UNIT and line.insurance in pooled
        parts[line.insurance, party] = AccountPart(
            place=insurances.index(line.insurance),
            fund=line.fund,
            party=party,
            credits=_rows(credits, line.insurance) if by_age else (),
        )
    return CreditPlan(
        parts=tuple(
            replace(part, whole_fen=whole[key], relieved_fen=relieved[key])
            for key, part in parts.items()
        ),
        totals_fen={fund: fen for fund, fen in totals.items() if fen},
        rounding=rounding,
    )


def _rows(credits: Sequence[CreditRule], insurance: str) -> tuple[CreditRule, ...]:
    return tuple(row for row in credits if row.insurance == insurance and not row.retired)


def amounts(
    made: CreditPlan, people: Iterable[PersonAmounts], before: Sequence[int] = ()
) -> Amounts:
    """What each person's accounts get of a paper.

    Args:
        made: how the paper credits.
        people: the persons of one slice, by their keys.
        before: fen of each part that the persons of the slices before have (`weights`); none for
            the first slice.
    """
    found: Amounts = defaultdict(int)
    running = list(before) or [0] * len(made.parts)
    for person in people:
        for place, part in enumerate(made.parts):
            fen = _amount(part, person, made.rounding)
            if fen:
                found[person.person_id, part.fund] += part.left(running[place], fen)
                running[place] += fen
    return found


def weights(made: CreditPlan, people: Sequence[PersonAmounts]) -> tuple[int, ...]:
    """What persons have of each part before any relief, in fen."""
    return tuple(
        sum(_amount(part, person, made.rounding) for person in people) for part in made.parts
    )


def _amount(part: AccountPart, person: PersonAmounts, rounding: Rounding) -> int:
    if part.party is Party.PERSONAL:
        return person.personal_fen[part.place]
    whole_fen = person.unit_fen[part.place]
    if not part.credits or not whole_fen:
        return whole_fen
    row = None if person.age is None else credit_rule_of(part.credits, person.age)
    if row is None or row.rate_ppm is None:
        return 0
    return min(levy(person.base_fen[part.place], row.rate_ppm, rounding), whole_fen)


def difference(now: Amounts, before: Amounts) -> Amounts:
    """What persons get more (less, below zero) than of the paper before; what is alike is left out."""
    if not before:
        return {key: fen for key, fen in now.items() if fen}
    return {
        key: fen
        for key in sorted(now.keys() | before.keys())
        if (fen := now.get(key, 0) - before.get(key, 0))
    }


def totals(of: Amounts) -> dict[str, int]:
    """fund → fen."""
    sums: dict[str, int] = defaultdict(int)
    for (_, fund), fen in of.items():
        sums[fund] += fen
    return dict(sorted(sums.items()))


def chunks_of(people: int, funds: int) -> int:
    """In how many chunks so many persons are told of, by slices of their keys of the same width."""
    return max(1, -(-people * max(1, funds) // CREDITS_AIMED_AT))


def slice_of(chunk: int, chunks: int) -> tuple[int, int]:
    """The keys of the persons of chunk 1 … `chunks`: from, and below."""
    return KEYS * (chunk - 1) // chunks, KEYS * chunk // chunks


def event_of(bill_id: UUID, chunk: int) -> str:
    """The name under which the ledger credits a chunk, once for ever."""
    return f"{bill_id.hex}:{chunk}"
