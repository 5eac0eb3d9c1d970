"""The same calculation over columns of people at once: int64 fen, whole parts per million.

It must give the same fen as `levy.assess`, which a property test holds. Wages and limits are
bounded so that base x rate stays inside 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.collection.domain.levy import Line, UnitFacts, unit_lines
from services.collection.domain.policy import Limit, Rate, Rule, Schedule
from shared.fund import Party
from shared.money import PPM, Rounding, RoundingMode

Fen = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLine:
    """What one rate levies over all people together."""

    rule: Rule
    rate: Rate
    base_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Arrays of people x insurances in the schedule's order, in fen, and the lines made of them.

    An insurance assessed on the unit as a whole has zeros in `unit_fen`; its amount is in
    `unit_lines`.
    """

    base_fen: Fen
    unit_fen: Fen
    personal_fen: Fen
    people_lines: tuple[PeopleLine, ...]
    unit_lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateColumn:
    """What one rate levies of each person."""

    rule: Rule
    rate: Rate
    base_fen: Fen
    amount_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleColumns:
    """People's own bases and shares, of one unit or of many units with one schedule."""

    base_fen: Fen
    unit_fen: Fen
    personal_fen: Fen
    rates: tuple[RateColumn, ...]


def levy_people(schedule: Schedule, asked_fen: Fen) -> PeopleColumns:
    """Levy what is levied person by person, on wages of shape (people, insurances) or (people, 1)."""
    rules = schedule.rules
    shape = (asked_fen.shape[0], len(rules))
    asked = np.broadcast_to(asked_fen, shape)
    base = np.empty(shape, np.int64)
    shares = {party: np.zeros(shape, np.int64) for party in Party}
    rates = []
    for column, rule in enumerate(rules):
        base[:, column] = _clamped(asked[:, column], rule.limit)
        for rate in rule.rates:
            if rate.base.per_person:
                amounts = _levied(base[:, column], rate.rate_ppm, schedule.rounding)
                shares[rate.party][:, column] = amounts
                rates.append(
                    RateColumn(rule=rule, rate=rate, base_fen=base[:, column], amount_fen=amounts)
                )
    return PeopleColumns(
        base_fen=base,
        unit_fen=shares[Party.UNIT],
        personal_fen=shares[Party.PERSONAL],
        rates=tuple(rates),
    )


def assess_columns(schedule: Schedule, unit: UnitFacts, asked_fen: Fen) -> Columns:
    """Levy on wages of shape (people, insurances) or (people, 1).

    Raises:
        WageTotalMissing: a rate needs the unit's wage total.
    """
    people = levy_people(schedule, asked_fen)
    sums = dict(zip(schedule.insurances, map(int, people.base_fen.sum(axis=0)), strict=True))
    return Columns(
        base_fen=people.base_fen,
        unit_fen=people.unit_fen,
        personal_fen=people.personal_fen,
        people_lines=tuple(
            PeopleLine(
                rule=made.rule,
                rate=made.rate,
                base_fen=int(made.base_fen.sum()),
                amount_fen=int(made.amount_fen.sum()),
            )
            for made in people.rates
        ),
        unit_lines=tuple(unit_lines(schedule, unit, sums)),
    )


def _clamped(asked: Fen, limit: Limit) -> Fen:
    raised = asked if limit.floor_fen is None else np.maximum(asked, limit.floor_fen)
    return raised if limit.ceiling_fen is None else np.minimum(raised, limit.ceiling_fen)


def _levied(base: Fen, rate_ppm: int, rounding: Rounding) -> Fen:
    """`shared.money.levy` for a column of bases that are not negative."""
    divisor = PPM * rounding.unit_fen
    whole, rest = np.divmod(base * np.int64(rate_ppm), np.int64(divisor))
    match rounding.mode:
        case RoundingMode.HALF_UP:
            whole = whole + (2 * rest >= divisor)
        case RoundingMode.UP:
            whole = whole + (rest > 0)
        case RoundingMode.DOWN:
            pass
    scaled: Fen = whole * np.int64(rounding.unit_fen)
    return scaled


def asked_columns(
    insurances: Sequence[str], default_fen: Sequence[int], own: Sequence[Mapping[str, int] | None]
) -> Fen:
    """Wages as columns: one column when nobody has a wage of an insurance's own, else all.

    `own` gives per person the wages that differ, by insurance.
    """
    column = np.asarray(default_fen, np.int64).reshape(-1, 1)
    if not any(own):
        return column
    asked = np.repeat(column, len(insurances), axis=1)
    place = {name: index for index, name in enumerate(insurances)}
    for row, differing in enumerate(own):
        for name, amount_fen in (differing or {}).items():
            asked[row, place[name]] = amount_fen
    return asked
