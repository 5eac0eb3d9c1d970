"""The calculation (核定): bases in, contribution lines out, each line with what made it.

One line per person, insurance and party; where the law says so, one line per unit. The explanation
is the line itself, not a second engine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.collection.domain.errors import WageTotalMissing
from services.collection.domain.policy import BaseKind, Limit, Rate, Rule, Schedule
from shared.fund import Party
from shared.money import Rounding, levy

WAGE_MAX_FEN = 10**10
"""No monthly wage reaches 100 million yuan; the bound keeps every product inside 64 bits."""
WAGE_TOTAL_MAX_FEN = 10**14


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """What the calculation has to know of a unit."""

    kind: str
    injury_class: int | None = None
    wage_total_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Wages:
    """A person's declared wage in fen, and those that differ for an insurance."""

    ref: str
    default_fen: int
    by_insurance: Mapping[str, int] = field(default_factory=dict)

    def asked(self, insurance: str) -> int:
        """The wage declared for an insurance."""
        return self.by_insurance.get(insurance, self.default_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A contribution: `ref` is the person, or None for a line of the unit as a whole.

    `asked_fen` is the base asked for, `floor_fen` and `ceiling_fen` what it was held to,
    `clamp` which of them it met; `product` is base x rate in 10⁻⁸ yuan, exact.
    """

    ref: str | None
    insurance: str
    fund: str
    rate: Rate
    asked_fen: int | None
    floor_fen: int | None
    ceiling_fen: int | None
    limit: Limit | None
    base_fen: int
    rounding: Rounding
    amount_fen: int

    @property
    def party(self) -> Party:
        """Whose share it is."""
        return self.rate.party

    @property
    def clamp(self) -> str | None:
        """Which limit the base met: floor, ceiling or none."""
        if self.asked_fen is None or self.asked_fen == self.base_fen:
            return None
        return "floor" if self.base_fen > self.asked_fen else "ceiling"

    @property
    def product(self) -> int:
        """Base times rate before rounding, in 10⁻⁸ yuan."""
        return self.base_fen * self.rate.rate_ppm


def clamped(asked_fen: int, limit: Limit) -> int:
    """The base asked for, raised to the floor or lowered to the ceiling."""
    if limit.floor_fen is not None and asked_fen < limit.floor_fen:
        return limit.floor_fen
    if limit.ceiling_fen is not None and asked_fen > limit.ceiling_fen:
        return limit.ceiling_fen
    return asked_fen


def assess(schedule: Schedule, unit: UnitFacts, people: Sequence[Wages]) -> list[Line]:
    """All lines of a unit's people: person by person, then those of the unit as a whole.

    Raises:
        WageTotalMissing: a rate needs the unit's wage total.
    """
    lines = [line for wages in people for line in person_lines(schedule, wages)]
    sums = {
        rule.insurance: sum(clamped(wages.asked(rule.insurance), rule.limit) for wages in people)
        for rule in schedule.rules
    }
    return lines + unit_lines(schedule, unit, sums)


def person_lines(schedule: Schedule, wages: Wages) -> list[Line]:
    """One person's own lines."""
    return [
        _own_line(rule, rate, wages, schedule.rounding)
        for rule in schedule.rules
        for rate in rule.rates
        if rate.base.per_person
    ]


def _own_line(rule: Rule, rate: Rate, wages: Wages, rounding: Rounding) -> Line:
    asked_fen = wages.asked(rule.insurance)
    base_fen = clamped(asked_fen, rule.limit)
    return Line(
        ref=wages.ref,
        insurance=rule.insurance,
        fund=rule.fund,
        rate=rate,
        asked_fen=asked_fen,
        floor_fen=rule.limit.floor_fen,
        ceiling_fen=rule.limit.ceiling_fen,
        limit=rule.limit,
        base_fen=base_fen,
        rounding=rounding,
        amount_fen=levy(base_fen, rate.rate_ppm, rounding),
    )


def unit_lines(schedule: Schedule, unit: UnitFacts, sums_fen: Mapping[str, int]) -> list[Line]:
    """The lines of the unit as a whole, from the sum of personal bases of each insurance.

    Raises:
        WageTotalMissing: a rate needs the unit's wage total.
    """
    return [
        _unit_line(rule, rate, unit, sums_fen[rule.insurance], schedule.rounding)
        for rule in schedule.rules
        for rate in rule.rates
        if not rate.base.per_person
    ]


def _unit_line(rule: Rule, rate: Rate, unit: UnitFacts, sum_fen: int, rounding: Rounding) -> Line:
    asked_fen = sum_fen
    if rate.base.needs_wage_total:
        if unit.wage_total_fen is None:
            raise WageTotalMissing(insurance=rule.insurance, rule=rate.id)
        asked_fen = unit.wage_total_fen
    # 庆社险函〔2011〕3号: a wage total below the sum of personal bases gives way to that sum.
    floor_fen = sum_fen if rate.base is BaseKind.UNIT_DUAL else None
    base_fen = asked_fen if floor_fen is None else max(asked_fen, floor_fen)
    return Line(
        ref=None,
        insurance=rule.insurance,
        fund=rule.fund,
        rate=rate,
        asked_fen=asked_fen,
        floor_fen=floor_fen,
        ceiling_fen=None,
        limit=None,
        base_fen=base_fen,
        rounding=rounding,
        amount_fen=levy(base_fen, rate.rate_ppm, rounding),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What lines come to, in fen."""

    unit_fen: int
    personal_fen: int
    by_insurance: Mapping[str, int]
    by_fund: Mapping[str, int]

    @property
    def total_fen(self) -> int:
        """Both parties."""
        return self.unit_fen + self.personal_fen


def totals(parts: Iterable[tuple[Party, str, str, int]]) -> Totals:
    """Add up parts of (party, insurance, fund, amount in fen)."""
    by_party: dict[Party, int] = defaultdict(int)
    by_insurance: dict[str, int] = defaultdict(int)
    by_fund: dict[str, int] = defaultdict(int)
    for party, insurance, fund, amount_fen in parts:
        by_party[party] += amount_fen
        by_insurance[insurance] += amount_fen
        by_fund[fund] += amount_fen
    return Totals(
        unit_fen=by_party[Party.UNIT],
        personal_fen=by_party[Party.PERSONAL],
        by_insurance=dict(by_insurance),
        by_fund=dict(by_fund),
    )


def totals_of(lines: Iterable[Line]) -> Totals:
    """Add up lines."""
    return totals((line.party, line.insurance, line.fund, line.amount_fen) for line in lines)
