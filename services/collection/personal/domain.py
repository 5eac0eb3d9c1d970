"""Rules of personal credits (个人账户划入): the parts of a declaration that belong to people. Pure.

When a bill is settled in full, each person of its declaration is credited the personal account's
part of the levy on that person. A restatement credits the difference from the declaration that it
restates, which may be negative. Per fund, the credits of a declaration sum exactly to its lines;
where they would not, nobody is credited and a person has to look.
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
"""Exclusive upper limit of person keys, which are evenly distributed."""
CREDITS_AIMED_AT: Final = 8_000
"""Average number of credits per chunk, far enough below the ledger's limit of 10,000 that no chunk
reaches it."""
RELIEF: Final = "relief"
UNNAMED: Final = "default"
"""Kind of declarations that name nobody (核定征收). Nobody is credited until the unit declares."""
Amounts = dict[tuple[int, str], int]
"""(person key, fund) → fen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationLine:
    """A line of a declaration."""

    level: str
    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class PersonAmounts:
    """A person's row in a declaration. Arrays are in the order of the policy's insurances."""

    person_id: int
    base_fen: Sequence[int]
    unit_fen: Sequence[int]
    personal_fen: Sequence[int]
    age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPart:
    """The part of each person's line that goes to a personal account, and the account's fund.

    `credits` are rules by age for the share of the unit's contribution; without them all of it
    counts. The unit need not pay `relieved_fen` of the total `whole_fen` (减免).
    """

    place: int
    fund: str
    party: Party
    credits: tuple[CreditRule, ...] = ()
    whole_fen: int = 0
    relieved_fen: int = 0

    def left(self, before_fen: int, own_fen: int) -> int:
        """Compute a person's part after relief; earlier people have `before_fen` together.

        The relief is spread in the order of person keys: up to any person it is their share of the
        whole, rounded down; over all people it is the whole relief.
        """
        if not self.relieved_fen or not self.whole_fen:
            return own_fen
        taken = [
            self.relieved_fen * fen // self.whole_fen for fen in (before_fen, before_fen + own_fen)
        ]
        return own_fen - (taken[1] - taken[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPlan:
    """The parts of a declaration that people are credited, and the required sum per fund."""

    parts: tuple[AccountPart, ...]
    totals_fen: Mapping[str, int]
    rounding: Rounding

    @property
    def is_empty(self) -> bool:
        """Tell whether the declaration concerns no personal account."""
        return not self.parts and not self.totals_fen


NOTHING: Final = CreditPlan(parts=(), totals_fen={}, rounding=HALF_UP_FEN)
"""A plan that credits nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledDeclaration:
    """A declaration whose bill is settled in full, and the one that it restates."""

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
    """Plan the credits of a declaration from its lines. Lines that a restatement takes back are
    left out."""
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
    """Compute the amount of each person and fund.

    Args:
        made: the plan of the declaration.
        people: the people of one slice, by key.
        before: sum of each part over the people of earlier slices (`weights`); empty for the
            first.
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
    """Sum each part over people, before relief."""
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
    """Subtract the amounts of the restated declaration; leave out zeros."""
    if not before:
        return {key: fen for key, fen in now.items() if fen}
    return {
        key: fen
        for key in sorted(now.keys() | before.keys())
        if (fen := now.get(key, 0) - before.get(key, 0))
    }


def totals(of: Amounts) -> dict[str, int]:
    """Sum amounts by fund."""
    sums: dict[str, int] = defaultdict(int)
    for (_, fund), fen in of.items():
        sums[fund] += fen
    return dict(sorted(sums.items()))


def chunks_of(people: int, funds: int) -> int:
    """Compute the number of chunks for a number of people and funds."""
    return max(1, -(-people * max(1, funds) // CREDITS_AIMED_AT))


def slice_of(chunk: int, chunks: int) -> tuple[int, int]:
    """Return the range of person keys of a chunk: first, and first beyond."""
    return KEYS * (chunk - 1) // chunks, KEYS * chunk // chunks


def event_of(bill_id: UUID, chunk: int, turn: int = 1) -> str:
    """Return the name under which the ledger credits a chunk once in each turn."""
    return f"{bill_id.hex}:{chunk}" if turn == 1 else f"{bill_id.hex}:{chunk}:{turn}"


def sign_of(turn: int, credited: int) -> int:
    """Return which way a chunk goes in a turn: 1 to its people, -1 back, 0 when it is there already.

    Args:
        credited: 1 when the earlier turns left it with its people, 0 otherwise.
    """
    return 1 - credited if turn % 2 else -credited
