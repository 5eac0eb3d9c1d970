"""Rates (费率) and limits (上下限), rows of a policy: what a rate is applied to, what that asks for."""

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
    """What a rate is applied to (缴费基数来源)."""

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
        """Whether each person has a line of it."""
        return self in _PER_PERSON

    @property
    def needs_wage_total(self) -> bool:
        """Whether the unit has to declare its wage total."""
        return self in {BaseKind.UNIT_TOTAL, BaseKind.UNIT_DUAL}

    @property
    def figure(self) -> Figure | None:
        """The figure of a person, beside the wage, that it is taken from."""
        return _FIGURES.get(self)

    @property
    def unit_figure(self) -> UnitFigure | None:
        """The figure of the unit, beside its wage total, that it is taken from."""
        return _UNIT_FIGURES.get(self)

    @property
    def is_fixed(self) -> bool:
        """Whether the policy says the base itself, so that limits do not touch it."""
        return self in {BaseKind.CITY_AVERAGE, BaseKind.HEAD}


class Figure(StrEnum):
    """What a declaration may have to say of a person beside the wage, all by the month."""

    LAST_YEAR = "last_year"  # 本人上年度月平均工资
    LAST_MONTH = "last_month"  # 本人上月工资
    ARCHIVE = "archive"  # 档案工资


class UnitFigure(StrEnum):
    """What a declaration may have to say of the unit beside its wage total, by the month."""

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
    """One rate row. `injury_class` None fits every class.

    `fixed_fen` is the base that the policy itself says (city_average, head); `months` are the months
    of the year in which the rate is levied, empty for all; `sum_of` is the source of the personal
    bases that are summed; `factors` have been applied to the rate (floating, stage cut).
    `categories` are the people that it is levied for and no others; empty: whoever's category has
    the insurance. `rounding` None: the policy's. `limit` holds this rate's own base, None: the
    insurance's.
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

    def levied_for(self, standing: Coverage) -> bool:
        """Whether people of a category bear it."""
        if self.categories:
            return standing.category in self.categories
        return standing.insured(self.insurance)

    def fits_kind(self, kind: str) -> bool:
        """Whether the row speaks of a unit kind."""
        return ANY in self.unit_kinds or kind in self.unit_kinds

    def fits(self, kind: str, injury_class: int | None) -> bool:
        """Whether the row speaks of a unit of this kind and class."""
        return self.fits_kind(kind) and self.injury_class in {None, injury_class}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Floor and ceiling of a base, in fen; None where there is none.

    `base_rounding` is to what a person's base is rounded (基数取整) before it is held to the limits.
    `floor_from` and `ceiling_from` say how a limit follows from averages. Where the pack gives the
    amount too, the amount holds: a published figure goes before the formula.
    """

    id: str
    insurance: str
    floor_fen: int | None
    ceiling_fen: int | None
    source: str
    floor_from: FromAverage | None = None
    ceiling_from: FromAverage | None = None
    base_rounding: Rounding | None = None
