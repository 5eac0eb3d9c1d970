"""Policies (政策): one region's dated rules as frozen values, and the schedule that fits one unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from services.collection.common.domain.errors import KindNotCovered, StepUnknown
from services.collection.policy.domain.allocation_order import AllocationOrder
from services.collection.policy.domain.averages import Average
from services.collection.policy.domain.category import (
    EMPLOYEE,
    EMPLOYEE_COVERAGE,
    Category,
    Coverage,
    coverages,
    not_covered,
)
from services.collection.policy.domain.charge_timeline import ChargeRules, Relief
from services.collection.policy.domain.construction import Construction
from services.collection.policy.domain.crediting import CreditRule
from services.collection.policy.domain.default_levy import DefaultLevy
from services.collection.policy.domain.floating import Floating
from services.collection.policy.domain.rate import ANY, BaseKind, Figure, Limit, Rate, UnitFigure
from shared.effective import in_force
from shared.errors import Refusal
from shared.fund import Party, UnitKind
from shared.money import PPM, Rounding
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class FundRow:
    """The fund in which an insurance is booked, between two days (inclusive)."""

    insurance: str
    fund: str
    in_force_from: date
    in_force_to: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Unit kinds that an insurance does not cover on purpose."""

    insurance: str
    unit_kinds: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenBases:
    """The rule on whether declarations must keep to the bases that a review has set for the
    year."""

    enforced: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The rules of one insurance for one unit: its limit, its fund, and the rates of each party.

    `personal_base` is the source of a person's base in this insurance, with `fixed_fen` if the
    policy gives the base itself, and `base_limit` if the base has its own limits. `credits` divide
    the unit's share between the pool and the personal account.
    """

    insurance: str
    fund: str
    limit: Limit
    rates: tuple[Rate, ...]
    personal_base: BaseKind = BaseKind.OWN
    fixed_fen: int | None = None
    credits: tuple[CreditRule, ...] = ()
    base_limit: Limit | None = None

    @property
    def personal_limit(self) -> Limit:
        """Return the limits of a person's base."""
        return self.base_limit or self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The rules for one unit kind and injury class, in the policy's order of insurances.

    An insurance that does not cover the unit has a rule without rates, so that columns stay
    aligned. `coverages` are those by category; `reliefs` are those of the unit in this
    period.
    """

    rules: tuple[Rule, ...]
    rounding: Rounding
    coverages: Mapping[str, Coverage] = field(default_factory=lambda: {EMPLOYEE: EMPLOYEE_COVERAGE})
    reliefs: tuple[Relief, ...] = ()
    needs_wage_total: bool = field(init=False)
    """Some rate applies to the unit's wage total."""
    unit_figures: tuple[UnitFigure, ...] = field(init=False)
    """The figures besides the wage total that the unit must declare."""

    def __post_init__(self) -> None:
        # Asked of every unit of a city that shares the schedule.
        bases = {rate.base for rule in self.rules for rate in rule.rates}
        needs = any(base.needs_wage_total for base in bases)
        object.__setattr__(self, "needs_wage_total", needs)
        figures = {base.unit_figure for base in bases}
        unit_figures = tuple(figure for figure in UnitFigure if figure in figures)
        object.__setattr__(self, "unit_figures", unit_figures)

    def coverage(self, category: str) -> Coverage:
        """Return the coverage of a category.

        Raises:
            CategoryNotCovered: the policy has no row for it.
        """
        found = self.coverages.get(category)
        if found is None:
            raise not_covered(category)
        return found

    def refusal(self, category: str, choice: str | None) -> Refusal | None:
        """Return the reason why people of a category with this choice of base cannot be levied."""
        found = self.coverages.get(category)
        return not_covered(category) if found is None else found.refusal(choice)

    @property
    def insurances(self) -> tuple[str, ...]:
        """Return the insurances in the order of columns."""
        return tuple(rule.insurance for rule in self.rules)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Return the figures besides the wage that every person must declare."""
        kinds = {rate.base for rule in self.rules for rate in rule.rates}
        kinds |= {rule.personal_base for rule in self.rules}
        return tuple(figure for figure in Figure if figure in {kind.figure for kind in kinds})

    def figures_of(self, category: str, choice: str | None) -> tuple[Figure, ...]:
        """Return the figures besides the wage that a person of a category must declare.

        Raises:
            CategoryNotCovered, BaseChoiceMissing, BaseChoiceUnknown: the person cannot be levied.
        """
        coverage = self.coverage(category)
        kinds: set[BaseKind] = set()
        for rule in self.rules:
            if coverage.chosen(rule.insurance, choice) is None:
                kinds |= {rate.base for rate in rule.rates if rate.levied_for(coverage)}
                if coverage.insured(rule.insurance):
                    kinds.add(rule.personal_base)
        return tuple(figure for figure in Figure if figure in {kind.figure for kind in kinds})

    @property
    def needs_age(self) -> bool:
        """Tell whether some share is divided by age."""
        return any(rule.credits for rule in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of a policy. `sources` maps each id to its text and whether it is certain.

    `names` are those of insurances that only this region has. `level` is where the unit's share is
    rounded: for each person, or once for the unit. A person's own share is withheld from the wage,
    so it is always rounded for the person.
    """

    pack: str
    region: str
    title: str
    in_force_from: date
    in_force_to: date | None
    sources: Mapping[str, tuple[str, bool]]
    rounding: Rounding
    insurances: tuple[str, ...]
    fund_rows: tuple[FundRow, ...]
    suspense_fund: str
    receipt_accounts: Mapping[str, str]
    rates: tuple[Rate, ...]
    exemptions: tuple[Exemption, ...]
    limits: tuple[Limit, ...]
    due_day: int
    allocation: AllocationOrder
    charges: ChargeRules
    level: str = "person"
    declare_day: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    averages: tuple[Average, ...] = ()
    credits: tuple[CreditRule, ...] = ()
    floating: Floating | None = None
    construction: Construction | None = None
    categories: tuple[Category, ...] = ()
    default_levy: DefaultLevy = field(default_factory=DefaultLevy)
    bases_frozen: FrozenBases | None = None

    @property
    def freezes_bases(self) -> bool:
        """Tell whether reviewed bases are fixed for the year (年度缴费基数核定后当年不变).

        If the pack does not say, they are fixed where units have a base of their own besides their
        people's.
        """
        if self.bases_frozen is not None:
            return self.bases_frozen.enforced
        return any(rate.base is BaseKind.UNIT_DUAL for rate in self.rates)

    @property
    def funds(self) -> Mapping[str, str]:
        """Map each insurance to its fund; if the fund changes, to the last one."""
        return {row.insurance: row.fund for row in self.fund_rows}

    def fund_of(self, insurance: str, day: date | None = None) -> str:
        """Return the fund of an insurance on a day (None: the policy's first day)."""
        own = [row for row in self.fund_rows if row.insurance == insurance]
        return in_force(own, day or self.in_force_from)[0].fund

    def limit_of(self, insurance: str) -> Limit:
        """Return the limits of an insurance: its own, or those for all."""
        return next(
            row for name in (insurance, ANY) for row in self.limits if row.insurance == name
        )

    def covers(self, kind: str) -> bool:
        """Tell whether some rate applies to a unit kind."""
        return any(rate.fits_kind(kind) for rate in self.rates)

    def covers_class(self, kind: str, injury_class: int | None) -> bool:
        """Tell whether every insurance that has rates for a kind has one for the class."""
        return self.covers(kind) and all(
            any(rate.fits(kind, injury_class) for rate in rates)
            for insurance in self.insurances
            if (rates := [r for r in self.rates if r.insurance == insurance and r.fits_kind(kind)])
        )

    def schedule(
        self,
        kind: str,
        injury_class: int | None,
        *,
        period: Period | None = None,
        step: str | None = None,
        size: str | None = None,
    ) -> Schedule:
        """Return the rules for a unit in a period.

        `step` is the unit's floating step (浮动档次) and `size` its size (单位规模), if it has one. The
        period may be left out only if no row depends on it.

        Raises:
            KindNotCovered: there are no rates for the kind, or an insurance has none for the class.
            StepUnknown: the policy has no such step for the class.
        """
        if not self.covers(kind):
            raise KindNotCovered(unit_kind=kind, pack=self.pack)
        for insurance in self.insurances:
            applicable = [r for r in self.rates if r.insurance == insurance and r.fits_kind(kind)]
            if applicable and not any(rate.fits(kind, injury_class) for rate in applicable):
                raise KindNotCovered(
                    unit_kind=kind, injury_class=injury_class, insurance=insurance, pack=self.pack
                )
        assert period is not None or not self.is_dated, "a dated row needs the period"
        if step is not None and (
            self.floating is None or self.floating.step(step, injury_class) is None
        ):
            raise StepUnknown(step=step, injury_class=injury_class, pack=self.pack)
        rules = tuple(
            self._rule(name, kind, injury_class, period, step) for name in self.insurances
        )
        return Schedule(
            rules=rules,
            rounding=self.rounding,
            coverages=coverages(self.categories, kind, period),
            reliefs=()
            if period is None
            else tuple(row for row in self.charges.reliefs if row.fits(kind, size, period)),
        )

    @property
    def is_dated(self) -> bool:
        """Tell whether contributions differ from month to month under this version."""
        names = [row.insurance for row in self.fund_rows]
        return (
            any(rate.months for rate in self.rates)
            or len(names) > len(set(names))
            or any(row.is_dated for row in self.categories)
            or bool(self.charges.reliefs)
        )

    def _rule(
        self,
        insurance: str,
        kind: str,
        injury_class: int | None,
        period: Period | None,
        step: str | None,
    ) -> Rule:
        rates = [
            self._floated(rate, injury_class, step)
            for rate in self.rates
            if rate.insurance == insurance
            and rate.fits(kind, injury_class)
            and (period is None or not rate.months or period.month in rate.months)
        ]
        base, fixed_fen = personal_base(rates)
        first = _base_rate(rates)
        if self.level == "unit":
            rates = [_once_per_unit(rate, base) for rate in rates]
        return Rule(
            insurance=insurance,
            fund=self.fund_of(insurance, None if period is None else period.first_day),
            limit=self.limit_of(insurance),
            rates=tuple(rates),
            personal_base=base,
            fixed_fen=fixed_fen,
            base_limit=None if first is None else first.limit,
            credits=tuple(
                row
                for row in self.credits
                if row.insurance == insurance
                and not row.retired
                and any(rate.party is Party.UNIT for rate in rates)
            ),
        )

    def _floated(self, rate: Rate, injury_class: int | None, step: str | None) -> Rate:
        if self.floating is None or rate.insurance != self.floating.insurance:
            return rate
        factors = self.floating.factors(injury_class, step)
        if not factors:
            return rate
        rate_ppm = rate.rate_ppm
        for factor in factors:
            rate_ppm = rate_ppm * factor.factor_ppm // PPM
        return replace(rate, rate_ppm=rate_ppm, factors=factors)


def personal_base(rates: Sequence[Rate]) -> tuple[BaseKind, int | None]:
    """Return the source of a person's base in an insurance.

    It is that of the personal share, else that of the unit's share, else the source of a sum. Rates
    for some categories only have bases of their own.
    """
    first = _base_rate(rates)
    if first is not None:
        return first.base, first.fixed_fen
    for rate in rates:
        if rate.sum_of is not None:
            return rate.sum_of, None
    return BaseKind.OWN, None


def _base_rate(rates: Sequence[Rate]) -> Rate | None:
    own = [
        rate
        for rate in rates
        if rate.base.per_person and rate.base is not BaseKind.HEAD and not rate.categories
    ]
    return min(own, key=lambda rate: rate.party is Party.UNIT, default=None)


def _once_per_unit(rate: Rate, base: BaseKind) -> Rate:
    if rate.party is Party.PERSONAL or rate.base is not base or rate.categories or rate.limit:
        return rate
    return replace(rate, base=BaseKind.PERSONAL_SUM)


UNIT_KINDS: Final = tuple(kind.value for kind in UnitKind)
