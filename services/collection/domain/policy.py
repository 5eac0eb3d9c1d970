"""Policy (政策): one region's dated rules as frozen values, and the rules that fit one unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.collection.domain.charge_rules import ChargeRules
from services.collection.domain.errors import KindNotCovered
from shared.fund import AccountKind, Party, UnitKind
from shared.money import Rounding

ANY: Final = "*"
"""Every unit kind in a rate row; every insurance in a limit row."""


class BaseKind(StrEnum):
    """What a rate is applied to."""

    OWN = "own"  # each person's own base, rounded per person
    PERSONAL_SUM = "personal_sum"  # sum of the personal bases, rounded once per unit
    UNIT_TOTAL = "unit_total"  # the unit's wage total, rounded once per unit
    UNIT_DUAL = "unit_dual"  # wage total or sum of personal bases, whichever is higher

    @property
    def per_person(self) -> bool:
        """Whether each person has a line of it."""
        return self is BaseKind.OWN

    @property
    def needs_wage_total(self) -> bool:
        """Whether the unit has to declare its wage total."""
        return self in {BaseKind.UNIT_TOTAL, BaseKind.UNIT_DUAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One rate row. `injury_class` None fits every class."""

    id: str
    insurance: str
    party: Party
    unit_kinds: tuple[str, ...]
    injury_class: int | None
    rate_ppm: int
    base: BaseKind
    account: AccountKind
    source: str

    def fits_kind(self, kind: str) -> bool:
        """Whether the row speaks of a unit kind."""
        return ANY in self.unit_kinds or kind in self.unit_kinds

    def fits(self, kind: str, injury_class: int | None) -> bool:
        """Whether the row speaks of a unit of this kind and class."""
        return self.fits_kind(kind) and self.injury_class in {None, injury_class}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Floor and ceiling of a base, in fen; None where there is none."""

    id: str
    insurance: str
    floor_fen: int | None
    ceiling_fen: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Unit kinds that an insurance leaves out on purpose."""

    insurance: str
    unit_kinds: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one insurance asks of one unit: its limit, its fund, and a rate for each party."""

    insurance: str
    fund: str
    limit: Limit
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The rules for one unit kind and injury class, in the policy's order of insurances.

    An insurance that leaves the unit out has a rule without rates, so that columns stay aligned.
    """

    rules: tuple[Rule, ...]
    rounding: Rounding

    @property
    def insurances(self) -> tuple[str, ...]:
        """The order of columns."""
        return tuple(rule.insurance for rule in self.rules)

    @property
    def needs_wage_total(self) -> bool:
        """Whether some rate is applied to the unit's wage total."""
        return any(rate.base.needs_wage_total for rule in self.rules for rate in rule.rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version, whole. `sources` maps id → (text, certain)."""

    pack: str
    region: str
    title: str
    in_force_from: date
    in_force_to: date | None
    sources: Mapping[str, tuple[str, bool]]
    rounding: Rounding
    insurances: tuple[str, ...]
    funds: Mapping[str, str]
    suspense_fund: str
    receipt_accounts: Mapping[str, str]
    rates: tuple[Rate, ...]
    exemptions: tuple[Exemption, ...]
    limits: tuple[Limit, ...]
    due_day: int
    allocation_order: str
    charges: ChargeRules

    def limit_of(self, insurance: str) -> Limit:
        """The limit row of an insurance: its own, or the one for all."""
        return next(
            row for name in (insurance, ANY) for row in self.limits if row.insurance == name
        )

    def covers(self, kind: str) -> bool:
        """Whether any row speaks of a unit kind."""
        return any(rate.fits_kind(kind) for rate in self.rates)

    def schedule(self, kind: str, injury_class: int | None) -> Schedule:
        """The rules for a unit.

        Raises:
            KindNotCovered: no rates for the kind, or an insurance has none for the class.
        """
        if not self.covers(kind):
            raise KindNotCovered(unit_kind=kind, pack=self.pack)
        for insurance in self.insurances:
            speaks = [r for r in self.rates if r.insurance == insurance and r.fits_kind(kind)]
            if speaks and not any(rate.fits(kind, injury_class) for rate in speaks):
                raise KindNotCovered(
                    unit_kind=kind, injury_class=injury_class, insurance=insurance, pack=self.pack
                )
        return Schedule(
            rules=tuple(self._rule(name, kind, injury_class) for name in self.insurances),
            rounding=self.rounding,
        )

    def _rule(self, insurance: str, kind: str, injury_class: int | None) -> Rule:
        return Rule(
            insurance=insurance,
            fund=self.funds[insurance],
            limit=self.limit_of(insurance),
            rates=tuple(
                rate
                for rate in self.rates
                if rate.insurance == insurance and rate.fits(kind, injury_class)
            ),
        )


UNIT_KINDS: Final = tuple(kind.value for kind in UnitKind)
