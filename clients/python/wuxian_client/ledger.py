"""Ledger: the figures that dashboards show, always with the account that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from wuxian_client.call import Call, operation


@dataclass(frozen=True, slots=True)
class FundBalance:
    """A fund's balances by account, and what is held."""

    fund: str
    name: str
    accounts: dict[str, Decimal]
    held: Decimal


@dataclass(frozen=True, slots=True)
class FundBalances:
    """Balances of all funds at the end of a day."""

    as_of: date
    district: str | None
    funds: list[FundBalance]


@dataclass(frozen=True, slots=True)
class MeasureTerm:
    """A term of a measure, with the address of its entries."""

    key: str
    name: str
    amount: Decimal
    entries: list[str]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its numerator and denominator; `value` is a decimal fraction."""

    measure: str
    value: str | None
    numerator: MeasureTerm
    denominator: MeasureTerm


@dataclass(frozen=True, slots=True)
class FundMeasures:
    """The measures of a fund."""

    fund: str
    name: str
    measures: list[Measure]


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of collection between two days."""

    region: str
    district: str | None
    from_day: date
    to_day: date
    definitions: dict[str, str]
    funds: list[FundMeasures]


@dataclass(frozen=True, slots=True)
class Warning_:
    """A fund that is beyond a threshold."""

    fund: str
    name: str
    measure: str
    severity: str
    value: str


@dataclass(frozen=True, slots=True)
class Warnings:
    """Funds that are beyond a threshold on a day."""

    region: str
    as_of: date
    items: list[Warning_]


_BALANCES = operation(
    "ledger", "fund_balances", "GET", "/v1/funds/balances", "as_of", "district", "known_at"
)
_MEASURES = operation(
    "ledger", "collection_measures", "GET", "/v1/measures/collection", "from", "to", "district"
)
_WARNINGS = operation("ledger", "fund_warnings", "GET", "/v1/warnings", "as_of")


def fund_balances(as_of: date | None = None, district: str | None = None) -> Call[FundBalances]:
    """Read the balances of all funds at the end of a day."""
    query = {"as_of": as_of, "district": district}
    return Call(_BALANCES, FundBalances, query=query)


def collection_measures(first: date, last: date, district: str | None = None) -> Call[Measures]:
    """Read the measures of collection between two days."""
    return Call(_MEASURES, Measures, query={"from": first, "to": last, "district": district})


def fund_warnings(as_of: date | None = None) -> Call[Warnings]:
    """Read the funds that are beyond a threshold."""
    return Call(_WARNINGS, Warnings, query={"as_of": as_of})
