"""The late-charge rules of a region over time: each day of a debt goes by the policy of that day.

On a day without a policy in force, the policy that levied the bill applies. So a later policy
changes only the days from which it is in force, and an old debt keeps its charges for earlier days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, TypeVar

from services.collection.policy.domain.charge import (
    DAY,
    Cap,
    ChargeKind,
    ChargeRate,
    Debt,
    Span,
    Timetable,
)
from shared.entry import Account
from shared.fund import Party, UnitKind, UnitSize
from shared.period import Period

DEFERRAL_MONTHS: Final = 6
"""缓缴期限原则上不超过六个月 (人社部发〔2020〕11号), when the policy does not say."""
ACCOUNTS: Final[Mapping[str, str]] = {
    ChargeKind.LATE_FEE: Account.OTHER_INCOME,
    ChargeKind.INTEREST: Account.INTEREST_INCOME,
}
"""Default income accounts of charges."""
SIZES: Final = frozenset(size.value for size in UnitSize)
KINDS: Final = frozenset(kind.value for kind in UnitKind)
EVERY_UNIT: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """A relief (减免) of some unit classes from an insurance's unit share, in some months.

    `factor_ppm` is the remitted share. A class is a unit's size or kind, or "*" for all units;
    sizes and kinds narrow each other: small, micro and enterprise means small and micro
    enterprises. `cap_fen` limits the relief of one unit in one month. If it `spares_accounts`,
    personal accounts are credited in full (个人账户照常划入) and the pool bears the whole relief.
    """

    id: str
    insurance: str
    party: Party
    unit_classes: tuple[str, ...]
    period_from: Period
    period_to: Period
    factor_ppm: int
    cap_fen: int | None
    source: str
    spares_accounts: bool = False

    @property
    def sizes(self) -> frozenset[str]:
        """Return the unit sizes that have the relief; empty: all, also units of unknown size."""
        return self._named & SIZES

    @property
    def kinds(self) -> frozenset[str]:
        """Return the unit kinds that have the relief; empty: all."""
        return self._named & KINDS

    @property
    def _named(self) -> frozenset[str]:
        return frozenset(() if EVERY_UNIT in self.unit_classes else self.unit_classes)

    def fits(self, kind: str, size: str | None, period: Period) -> bool:
        """Tell whether a unit has the relief in a period."""
        return (
            self.period_from <= period <= self.period_to
            and (not self.sizes or size in self.sizes)
            and (not self.kinds or kind in self.kinds)
        )

    def meets(self, other: Relief) -> bool:
        """Tell whether some unit has both reliefs in some month."""
        return (
            self.insurance == other.insurance
            and self.period_from <= other.period_to
            and other.period_from <= self.period_to
            and _meet(self.sizes, other.sizes)
            and _meet(self.kinds, other.kinds)
        )


def _meet(one: frozenset[str], other: frozenset[str]) -> bool:
    return not one or not other or bool(one & other)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRules:
    """The late-charge rules of one policy. `deferrable` None: every insurance."""

    rates: tuple[ChargeRate, ...]
    caps: tuple[Cap, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=lambda: dict(ACCOUNTS))
    charges_first: bool = False
    settlement_day: int | None = None
    deferral_months: int = DEFERRAL_MONTHS
    deferrable: tuple[str, ...] | None = None
    reliefs: tuple[Relief, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChargeRules:
    """A policy's late-charge rules and the days on which it is in force."""

    in_force_from: date
    in_force_to: date | None
    rules: ChargeRules
    due_day: int


@dataclass(frozen=True, slots=True)
class ChargeTimeline:
    """A region's policies in force, in the order of their days."""

    dated: tuple[DatedChargeRules, ...]

    def on(self, day: date) -> DatedChargeRules:
        """Return the policy of a day, else the last one before it, else the first one."""
        known = [ruling for ruling in self.dated if ruling.in_force_from <= day]
        return known[-1] if known else self.dated[0]

    def table(self, own: ChargeRules) -> Timetable:
        """Return the rates and caps for debts that a policy levied."""
        rates: list[ChargeRate] = []
        caps: list[Cap] = []
        for days, rules in self._days(own):
            rates += _clipped(rules.rates, days)
            caps += _clipped(rules.caps, days)
        return Timetable(tuple(rates), tuple(caps))

    def _days(self, own: ChargeRules) -> Iterator[tuple[Span, ChargeRules]]:
        begin = date.min
        for ruling in self.dated:
            if begin < ruling.in_force_from:
                yield Span(begin, ruling.in_force_from - DAY), own
            last = ruling.in_force_to or date.max
            yield Span(ruling.in_force_from, last), ruling.rules
            if last == date.max:
                return
            begin = last + DAY
        yield Span(begin, date.max), own


R = TypeVar("R", ChargeRate, Cap)


def _clipped(rows: Sequence[R], days: Span) -> list[R]:
    """Cut rows to the days on which they apply."""
    kept = []
    for row in rows:
        first = max(row.in_force_from, days.first)
        last = min(row.in_force_to or date.max, days.last)
        if first <= last:
            to = None if last == date.max else last
            kept.append(replace(row, in_force_from=first, in_force_to=to))
    return kept


def debt_of(period: Period, due_on: date, rules: ChargeRules, due_day: int) -> Debt:
    """Build a bill's debt. The settlement day is the policy's, else the nominal due day."""
    number = rules.settlement_day or due_day
    return Debt(period=period, due_on=due_on, settlement_on=period.plus(1).day(number))
