"""The contribution record of a person (个人缴费记录): paid months and bases, by insurance and year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.ids import Ref
from shared.money import scale
from shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidMonth:
    """A month that a person paid at one unit, for one insurance."""

    insurance: str
    period: Period
    base_fen: int


@dataclass(frozen=True, slots=True)
class BilledMonth:
    """A month of which a unit's bill counts a person."""

    unit_id: int
    bill_id: UUID
    credit_code: str
    district: str
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionYear:
    """The months of a year that were paid for an insurance, and the sum of their bases."""

    insurance: str
    year: int
    months: int
    base_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionRecord:
    """Every paid year of a person, and the last twelve bases of each insurance.

    `person` is the surviving record. `birth` and `is_female` come from the identity number; None
    where the number hides them. `districts` are those of the units at which the person was enrolled.
    """

    person: Ref
    districts: tuple[str, ...]
    birth: Period | None
    is_female: bool | None
    years: tuple[ContributionYear, ...]
    last_months: tuple[PaidMonth, ...]


LAST_MONTHS = 12


def years_of(months: Iterable[PaidMonth]) -> tuple[ContributionYear, ...]:
    """Add months up by insurance and year. A month paid at two units counts once, at the higher base."""
    years: dict[tuple[str, int], list[int]] = defaultdict(list)
    for (insurance, period), base_fen in _distinct(months).items():
        years[insurance, period.year].append(base_fen)
    return tuple(
        ContributionYear(insurance=insurance, year=year, months=len(bases), base_fen=sum(bases))
        for (insurance, year), bases in sorted(years.items())
    )


def last_months_of(months: Iterable[PaidMonth]) -> tuple[PaidMonth, ...]:
    """Return the last twelve paid months of each insurance, latest first."""
    kept: list[PaidMonth] = []
    count: dict[str, int] = defaultdict(int)
    ordered = sorted(_distinct(months).items(), key=lambda item: item[0][1], reverse=True)
    for (insurance, period), base_fen in ordered:
        if count[insurance] < LAST_MONTHS:
            count[insurance] += 1
            kept.append(PaidMonth(insurance=insurance, period=period, base_fen=base_fen))
    return tuple(sorted(kept, key=lambda month: month.insurance))


def doubled_months(months: Iterable[PaidMonth], insurance: str) -> tuple[Period, ...]:
    """Return the months that were paid for an insurance at two units or more (重复参保)."""
    count: dict[Period, int] = defaultdict(int)
    for month in months:
        if month.insurance == insurance:
            count[month.period] += 1
    return tuple(sorted(period for period, units in count.items() if units > 1))


def _distinct(months: Iterable[PaidMonth]) -> dict[tuple[str, Period], int]:
    bases: dict[tuple[str, Period], int] = {}
    for month in months:
        key = month.insurance, month.period
        bases[key] = max(month.base_fen, bases.get(key, 0))
    return bases


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitWages:
    """The wages that a unit declared in the settled months of a year, and the people they are of."""

    district: str
    year: int
    months: int
    people: int
    wages_fen: int

    @property
    def average_fen(self) -> int:
        """Return the average monthly wage, rounded half up; 0 where no month is settled."""
        return scale(self.wages_fen, 1, self.people) if self.people else 0
