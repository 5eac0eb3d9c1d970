"""The levy (核定): contribution lines from bases, each line with the values that explain it.

There is one line per person, insurance and party or, where the law says so, one line per unit. The
explanation is the line itself, not a second calculation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.collection.common.domain.errors import (
    AgeMissing,
    CreditAboveLevy,
    FigureMissing,
    WageTotalMissing,
)
from services.collection.policy.domain.category import (
    EMPLOYEE,
    EMPLOYEE_COVERAGE,
    BaseChoice,
    Coverage,
)
from services.collection.policy.domain.charge_timeline import Relief
from services.collection.policy.domain.crediting import CreditRule, credit_rule_of
from services.collection.policy.domain.policy import Rule, Schedule
from services.collection.policy.domain.rate import BaseKind, Limit, Rate, UnitFigure
from shared.fund import AccountKind, Party
from shared.money import Rounding, levy, scale

WAGE_MAX_FEN = 10**10
"""No monthly wage reaches 100 million yuan; the bound keeps every product inside 64 bits."""
WAGE_TOTAL_MAX_FEN = 10**14


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """The facts of a unit that the levy needs. Only some policies need `figures`.

    `frozen_base_fen` is the unit's own base, if a review has set it for the year.
    """

    kind: str
    injury_class: int | None = None
    wage_total_fen: int | None = None
    figures: Mapping[str, int] = field(default_factory=dict)
    frozen_base_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Wages:
    """A person's declared wage in fen, and the separate wages of some insurances.

    Only some policies need `figures` and `age` (in full years). `choice` is the chosen base of a
    category whose wage does not give the base.
    """

    ref: str
    default_fen: int
    by_insurance: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    age: int | None = None
    category: str = EMPLOYEE
    choice: str | None = None

    def wage_fen(self, insurance: str) -> int:
        """Return the wage declared for an insurance."""
        return self.by_insurance.get(insurance, self.default_fen)

    def figure(self, name: str) -> int:
        """Return a figure that the policy needs.

        Raises:
            FigureMissing: it was not given.
        """
        if name not in self.figures:
            raise FigureMissing(person=self.ref, figure=name)
        return self.figures[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionLine:
    """A contribution; `ref` is the person, or None for a line of the unit as a whole.

    `asked_fen` is the declared base, `floor_fen` and `ceiling_fen` are its limits, and `clamp`
    names the one that applied. `product` is base x rate in 10⁻⁸ yuan, exact. `credited_fen` of the
    rounded product went to personal accounts, on lines of their own. `chosen` is the row of the
    base that somebody chose. A line of `relief` (减免) has a negative amount: its base is what was
    owed, its rate the remitted share.
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
    credited_fen: int = 0
    coverage: Coverage = EMPLOYEE_COVERAGE
    chosen: BaseChoice | None = None
    relief: Relief | None = None

    @property
    def level(self) -> str:
        """Return the level of the line: people, unit, or relief."""
        if self.relief is not None:
            return "relief"
        return "unit" if self.ref is None else "people"

    @property
    def category_sources(self) -> tuple[str, ...]:
        """Return the sources of a person's category and of the chosen base."""
        rows = (self.coverage.row, self.chosen)
        return tuple(row.source for row in rows if row is not None)

    @property
    def party(self) -> Party:
        """Return the party whose share it is."""
        return self.rate.party

    @property
    def clamp(self) -> str | None:
        """Tell which limit changed the base: floor, ceiling or none; or that it was only
        rounded."""
        if self.asked_fen is None or self.asked_fen == self.base_fen:
            return None
        if self.base_fen not in {self.floor_fen, self.ceiling_fen}:
            return "rounded"
        return "floor" if self.base_fen > self.asked_fen else "ceiling"

    @property
    def product(self) -> int:
        """Return base times rate before rounding, in 10⁻⁸ yuan."""
        return self.base_fen * self.rate.rate_ppm


def assess(schedule: Schedule, unit: UnitFacts, people: Sequence[Wages]) -> list[ContributionLine]:
    """Levy a unit's people: lines person by person, then those of the unit as a whole.

    `relief.relief_lines` takes relief off them.

    Raises:
        WageTotalMissing, FigureMissing, AgeMissing: a rate needs a value that was not given.
        CategoryNotCovered, BaseChoiceMissing, BaseChoiceUnknown: somebody cannot be levied.
    """
    lines = [line for wages in people for line in person_lines(schedule, wages)]
    sums = {
        rule.insurance: sum(
            personal_base_fen(rule, wages, schedule.coverage(wages.category)) for wages in people
        )
        for rule in schedule.rules
    }
    return lines + unit_lines(schedule, unit, sums, credited_by_insurance(lines))


def credited_by_insurance(lines: Iterable[ContributionLine]) -> dict[str, int]:
    """Add up the credits to personal accounts out of the unit's share, by insurance, in fen."""
    credited: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.party is Party.UNIT and line.rate.account is AccountKind.PERSONAL_ACCOUNT:
            credited[line.insurance] += line.amount_fen
    return dict(credited)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedBase:
    """A person's base: the declared amount, its limits, and the result."""

    asked_fen: int | None
    floor_fen: int | None
    ceiling_fen: int | None
    base_fen: int
    chosen: BaseChoice | None = None


def _fixed(base_fen: int, chosen: BaseChoice | None = None) -> AssessedBase:
    """Build a base that the policy gives itself, so that limits do not apply."""
    return AssessedBase(
        asked_fen=None, floor_fen=None, ceiling_fen=None, base_fen=base_fen, chosen=chosen
    )


def _base(
    kind: BaseKind,
    fixed_fen: int | None,
    rule: Rule,
    limit: Limit,
    wages: Wages,
    coverage: Coverage,
) -> AssessedBase:
    if kind.is_fixed:
        assert fixed_fen is not None, "a pack was checked before it was stored"
        return _fixed(fixed_fen)
    chosen = coverage.chosen(rule.insurance, wages.choice)
    if chosen is not None:
        return _fixed(chosen.base_fen, chosen)
    floor_fen = limit.floor_fen
    asked_fen = wages.wage_fen(rule.insurance)
    if kind is BaseKind.OWN_ARCHIVE:
        # 本人实际工资低于档案工资的,以本人档案工资为准.
        floor_fen = max(floor_fen or 0, wages.figure(BaseKind.OWN_ARCHIVE.figure or ""))
    elif kind.figure is not None:
        asked_fen = wages.figure(kind.figure)
    ceiling_fen = limit.ceiling_fen
    whole_fen = asked_fen
    if limit.base_rounding is not None:
        whole_fen = scale(asked_fen, 1, 1, limit.base_rounding)
    base_fen = max(whole_fen, floor_fen or 0)
    return AssessedBase(
        asked_fen=asked_fen,
        floor_fen=floor_fen,
        ceiling_fen=ceiling_fen,
        base_fen=base_fen if ceiling_fen is None else min(base_fen, ceiling_fen),
    )


def personal_base_fen(rule: Rule, wages: Wages, coverage: Coverage = EMPLOYEE_COVERAGE) -> int:
    """Return a person's base in an insurance; 0 if the category does not have the insurance.

    Sums and credits are calculated from it.
    """
    if not coverage.insured(rule.insurance):
        return 0
    limit = rule.personal_limit
    return _base(rule.personal_base, rule.fixed_fen, rule, limit, wages, coverage).base_fen


def person_lines(schedule: Schedule, wages: Wages) -> list[ContributionLine]:
    """Levy one person; an insurance that the category does not have gives no line.

    Raises:
        FigureMissing, AgeMissing: a rate needs a value that was not given.
        CategoryNotCovered, BaseChoiceMissing, BaseChoiceUnknown: the person cannot be levied.
    """
    coverage = schedule.coverage(wages.category)
    lines = []
    for rule in schedule.rules:
        own = [
            _own_line(rule, rate, wages, coverage, schedule.rounding)
            for rate in rule.rates
            if rate.base.per_person and rate.levied_for(coverage)
        ]
        parted = rule.credits and coverage.insured(rule.insurance)
        lines += _parted(rule, own, wages, coverage, schedule.rounding) if parted else own
    return lines


def _own_line(
    rule: Rule, rate: Rate, wages: Wages, coverage: Coverage, rounding: Rounding
) -> ContributionLine:
    limit = rate.limit or rule.limit
    base = _base(rate.base, rate.fixed_fen, rule, limit, wages, coverage)
    is_given = rate.base.is_fixed or base.chosen is not None
    rounding = rate.rounding or rounding
    return ContributionLine(
        ref=wages.ref,
        insurance=rule.insurance,
        fund=rule.fund,
        rate=rate,
        asked_fen=base.asked_fen,
        floor_fen=base.floor_fen,
        ceiling_fen=base.ceiling_fen,
        limit=None if is_given else limit,
        base_fen=base.base_fen,
        rounding=rounding,
        amount_fen=levy(base.base_fen, rate.rate_ppm, rounding),
        coverage=coverage,
        chosen=base.chosen,
    )


def credit_rate(rule: Rule, row: CreditRule) -> Rate:
    """Turn a credit rule into the rate of a line: the unit's share, to the personal account."""
    unit = next(rate for rate in rule.rates if rate.party is Party.UNIT)
    assert row.rate_ppm is not None, "what the unit pays for the active is a share of the base"
    return replace(
        unit,
        id=row.id,
        rate_ppm=row.rate_ppm,
        base=rule.personal_base,
        fixed_fen=rule.fixed_fen,
        limit=rule.base_limit,
        account=AccountKind.PERSONAL_ACCOUNT,
        source=row.source,
        factors=(),
        categories=(),
    )


def _parted(
    rule: Rule, own: list[ContributionLine], wages: Wages, coverage: Coverage, rounding: Rounding
) -> list[ContributionLine]:
    """Take a person's credits to the personal account out of the unit's share."""
    if wages.age is None:
        raise AgeMissing(person=wages.ref)
    row = credit_rule_of(rule.credits, wages.age)
    if row is None:
        return own
    credit = _own_line(rule, credit_rate(rule, row), wages, coverage, rounding)
    lines = []
    for line in own:
        if line.party is Party.UNIT:
            part_fen = min(credit.amount_fen, line.amount_fen)
            credit = replace(credit, amount_fen=part_fen)
            lines.append(
                replace(line, amount_fen=line.amount_fen - part_fen, credited_fen=part_fen)
            )
        else:
            lines.append(line)
    return [*lines, credit]


def unit_lines(
    schedule: Schedule,
    unit: UnitFacts,
    sums_fen: Mapping[str, int],
    credited_fen: Mapping[str, int] | None = None,
) -> list[ContributionLine]:
    """Levy the unit as a whole on the sum of personal bases of each insurance.

    Credits on its people's lines are deducted.

    Raises:
        WageTotalMissing, FigureMissing: a rate needs a value that was not given.
        CreditAboveLevy: the credits exceed the unit's share.
    """
    return [
        _unit_line(
            rule,
            rate,
            unit,
            sums_fen[rule.insurance],
            schedule.rounding,
            (credited_fen or {}).get(rule.insurance, 0) if rule.credits else 0,
        )
        for rule in schedule.rules
        for rate in rule.rates
        if not rate.base.per_person
    ]


def _unit_line(
    rule: Rule, rate: Rate, unit: UnitFacts, sum_fen: int, rounding: Rounding, credited_fen: int
) -> ContributionLine:
    asked_fen = _unit_declared_fen(rule, rate, unit, sum_fen)
    rounding = rate.rounding or rounding
    # 庆社险函〔2011〕3号: a wage total below the sum of personal bases is replaced by that sum.
    floor_fen = sum_fen if rate.base is BaseKind.UNIT_DUAL else None
    if floor_fen is not None and unit.frozen_base_fen is not None:
        # 单位缴费基数核定后当年不变: the reviewed base stays when people join or leave.
        asked_fen, floor_fen = unit.frozen_base_fen, None
    base_fen = asked_fen if floor_fen is None else max(asked_fen, floor_fen)
    levied_fen = levy(base_fen, rate.rate_ppm, rounding)
    if credited_fen > levied_fen:
        raise CreditAboveLevy(insurance=rule.insurance, rule=rate.id)
    return ContributionLine(
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
        amount_fen=levied_fen - credited_fen,
        credited_fen=credited_fen,
    )


def _unit_declared_fen(rule: Rule, rate: Rate, unit: UnitFacts, sum_fen: int) -> int:
    figure: UnitFigure | None = rate.base.unit_figure
    if figure is not None:
        if figure not in unit.figures:
            raise FigureMissing(insurance=rule.insurance, rule=rate.id, unit_figure=figure.value)
        return unit.figures[figure]
    if not rate.base.needs_wage_total:
        return sum_fen
    if unit.wage_total_fen is None:
        raise WageTotalMissing(insurance=rule.insurance, rule=rate.id)
    return unit.wage_total_fen
