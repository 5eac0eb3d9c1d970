"""Contribution rates (费率) and limits (上下限) of a policy, and the bases that they need."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.collection.policy.domain.averages import FromAverage
from services.collection.policy.domain.category import Coverage
from services.collection.policy.domain.floating import Factor
from shared.fund import AccountKind, Party
from shared.money import Rounding

ANY: Final = "*"
"""Every unit kind in a rate row; every insurance in a limit row."""


class BaseKind(StrEnum):
    """The base that a rate applies to (缴费基数来源)."""

    OWN = "own"  # each person's own base, rounded per person
    OWN_LAST_YEAR = "own_last_year"  # own monthly average of last year
    OWN_LAST_MONTH = "own_last_month"  # own wage of last month
    OWN_ARCHIVE = "own_archive"  # own base, not below the wage in the personnel file (档案工资)
    CITY_AVERAGE = "city_average"  # a published average x factor, whatever the person earns
    HEAD = "head"  # a fixed amount a head
    PERSONAL_SUM = "personal_sum"  # sum of the personal bases, rounded once per unit
    UNIT_TOTAL = "unit_total"  # the unit's wage total, rounded once per unit
    UNIT_LAST_YEAR = "unit_last_year"  # the unit's monthly average wage total of last year
    UNIT_LAST_MONTH = "unit_last_month"  # the unit's wage total of last month
    UNIT_DUAL = "unit_dual"  # wage total or sum of personal bases, whichever is higher

    @property
    def per_person(self) -> bool:
        """Tell whether each person has a line of this base."""
        return self in _PER_PERSON

    @property
    def needs_wage_total(self) -> bool:
        """Tell whether the unit must declare its wage total."""
        return self in {BaseKind.UNIT_TOTAL, BaseKind.UNIT_DUAL}

    @property
    def figure(self) -> Figure | None:
        """Return the person's figure, besides the wage, that gives the base."""
        return _FIGURES.get(self)

    @property
    def unit_figure(self) -> UnitFigure | None:
        """Return the unit's figure, besides the wage total, that gives the base."""
        return _UNIT_FIGURES.get(self)

    @property
    def is_fixed(self) -> bool:
        """Tell whether the policy gives the base itself, so that limits do not apply."""
        return self in {BaseKind.CITY_AVERAGE, BaseKind.HEAD}


class Figure(StrEnum):
    """A monthly figure of a person, besides the wage, that a declaration may need."""

    LAST_YEAR = "last_year"  # 本人上年度月平均工资
    LAST_MONTH = "last_month"  # 本人上月工资
    ARCHIVE = "archive"  # 档案工资


class UnitFigure(StrEnum):
    """A monthly figure of the unit, besides its wage total, that a declaration may need."""

    LAST_YEAR = "last_year"  # 单位上年度月平均工资总额
    LAST_MONTH = "last_month"  # 单位上月工资总额


_PER_PERSON: Final = frozenset(
    {
        BaseKind.OWN,
        BaseKind.OWN_LAST_YEAR,
        BaseKind.OWN_LAST_MONTH,
        BaseKind.OWN_ARCHIVE,
        BaseKind.CITY_AVERAGE,
        BaseKind.HEAD,
    }
)


_FIGURES: Final = {
    BaseKind.OWN_LAST_YEAR: Figure.LAST_YEAR,
    BaseKind.OWN_LAST_MONTH: Figure.LAST_MONTH,
    BaseKind.OWN_ARCHIVE: Figure.ARCHIVE,
}


_UNIT_FIGURES: Final = {
    BaseKind.UNIT_LAST_YEAR: UnitFigure.LAST_YEAR,
    BaseKind.UNIT_LAST_MONTH: UnitFigure.LAST_MONTH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A contribution rate. `injury_class` None: every class.

    `fixed_fen` is the base if the policy gives it (city_average, head). `months` are the months of
    the year in which the rate applies; empty: all. `sum_of` is the source of the personal bases
    that are summed. `factors` were applied to the rate (floating step, stage cut). `categories` are
    the only people who bear the rate; empty: everybody whose category has the insurance. `rounding`
    None: the policy's. `limit` applies to this rate's own base; None: the insurance's limit.
    """

    id: str
    insurance: str
    party: Party
    unit_kinds: tuple[str, ...]
    injury_class: int | None
    rate_ppm: int
    base: BaseKind
    account: AccountKind
    source: str
    fixed_fen: int | None = None
    months: tuple[int, ...] = ()
    sum_of: BaseKind | None = None
    factors: tuple[Factor, ...] = ()
    categories: tuple[str, ...] = ()
    rounding: Rounding | None = None
    limit: Limit | None = None

    def levied_for(self, coverage: Coverage) -> bool:
        """Tell whether people of a category bear the rate."""
        if self.categories:
            return coverage.category in self.categories
        return coverage.insured(self.insurance)

    def fits_kind(self, kind: str) -> bool:
        """Tell whether the rate applies to a unit kind."""
        return ANY in self.unit_kinds or kind in self.unit_kinds

    def fits(self, kind: str, injury_class: int | None) -> bool:
        """Tell whether the rate applies to a unit of this kind and class."""
        return self.fits_kind(kind) and self.injury_class in {None, injury_class}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Floor and ceiling of a base, in fen; None: no limit.

    `base_rounding` rounds a person's base (基数取整) before the limits are applied. `floor_from` and
    `ceiling_from` derive a limit from averages. If the pack gives the amount too, the published
    amount takes precedence over the formula.
    """

    id: str
    insurance: str
    floor_fen: int | None
    ceiling_fen: int | None
    source: str
    floor_from: FromAverage | None = None
    ceiling_from: FromAverage | None = None
    base_rounding: Rounding | None = None
