"""The levy calculated over columns of people at once, in int64 fen and whole parts per million.

It gives the same fen as `levy.assess`; a property test checks this. Wages and limits are bounded so
that base x rate stays inside 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.errors import AgeMissing, FigureMissing
from services.collection.levy.domain.levy import (
    ContributionLine,
    UnitFacts,
    credit_rate,
    unit_lines,
)
from services.collection.levy.domain.people_categories import (
    EVERYBODY,
    Bearers,
    PeopleCategories,
    bearers,
)
from services.collection.levy.domain.relief import Owed, owed_by, relieved
from services.collection.policy.domain.policy import Rule, Schedule
from services.collection.policy.domain.rate import BaseKind, Figure, Limit, Rate
from shared.fund import AccountKind, Party
from shared.money import PPM, Rounding, RoundingMode

Fen = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLine:
    """The sum that one rate levies on all people together."""

    rule: Rule
    rate: Rate
    base_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Arrays of people x insurances in the schedule's order, in fen, and the lines made from them.

    An insurance that is levied on the unit as a whole has zeros in `unit_fen`; its amount is in
    `unit_lines`. `relief_lines` have negative amounts.
    """

    base_fen: Fen
    unit_fen: Fen
    personal_fen: Fen
    people_lines: tuple[PeopleLine, ...]
    unit_lines: tuple[ContributionLine, ...]
    relief_lines: tuple[ContributionLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateColumn:
    """The amounts that one rate levies on each person; `holds` masks who bears it (None:
    everybody)."""

    rule: Rule
    rate: Rate
    base_fen: Fen
    amount_fen: Fen
    holds: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleColumns:
    """People's own bases and shares, for one unit or for many units with one schedule."""

    base_fen: Fen
    unit_fen: Fen
    personal_fen: Fen
    rates: tuple[RateColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFigures:
    """The facts besides the wage that some policies need: columns of figures in fen, and of ages.

    `categories` None: everybody is an employee.
    """

    figures: Mapping[str, Fen]
    age: NDArray[np.int64] | None = None
    categories: PeopleCategories | None = None


NO_FIGURES = PeopleFigures(figures={})


def levy_people(
    schedule: Schedule, asked_fen: Fen, people_facts: PeopleFigures = NO_FIGURES
) -> PeopleColumns:
    """Levy the shares of each person on wages of shape (people, insurances) or (people, 1).

    Raises:
        FigureMissing, AgeMissing: a rate needs a value that was not given.
        CategoryNotCovered, BaseChoiceMissing, BaseChoiceUnknown: somebody cannot be levied.
    """
    rules = schedule.rules
    shape = (asked_fen.shape[0], len(rules))
    declared = np.broadcast_to(asked_fen, shape)
    base = np.empty(shape, np.int64)
    shares = {party: np.zeros(shape, np.int64) for party in Party}
    rates: list[RateColumn] = []
    for column, rule in enumerate(rules):
        own = declared[:, column]
        who = bearers(schedule, rule, people_facts.categories)
        held = rule.personal_limit
        base[:, column] = _based(rule.personal_base, rule.fixed_fen, held, own, people_facts, who)
        made = _made(schedule, rule, own, base[:, column], people_facts, who)
        if rule.credits:
            made = _parted(rule, made, base[:, column], people_facts.age, who, schedule.rounding)
        for line in made:
            shares[line.rate.party][:, column] += line.amount_fen
        rates += made
    return PeopleColumns(
        base_fen=base,
        unit_fen=shares[Party.UNIT],
        personal_fen=shares[Party.PERSONAL],
        rates=tuple(rates),
    )


def _made(
    schedule: Schedule, rule: Rule, own: Fen, base: Fen, people_facts: PeopleFigures, who: Bearers
) -> list[RateColumn]:
    """Calculate the amounts of each rate of an insurance for the people who bear it."""
    made = []
    for rate in rule.rates:
        if not rate.base.per_person:
            continue
        theirs = who.of(rate)
        if theirs.nobody:
            continue
        limit = rate.limit or rule.limit
        same = not rate.categories and (rate.base, rate.fixed_fen, limit) == (
            rule.personal_base,
            rule.fixed_fen,
            rule.personal_limit,
        )
        taken = (
            base if same else _based(rate.base, rate.fixed_fen, limit, own, people_facts, theirs)
        )
        amounts = _levied(taken, rate.rate_ppm, rate.rounding or schedule.rounding)
        made.append(
            RateColumn(rule=rule, rate=rate, base_fen=taken, amount_fen=amounts, holds=theirs.holds)
        )
    return made


def credited_columns(people: PeopleColumns) -> dict[str, Fen]:
    """Calculate the credits to personal accounts out of the unit's share, by insurance, per
    person."""
    credited: dict[str, Fen] = {}
    for made in people.rates:
        if (made.rate.party, made.rate.account) == (Party.UNIT, AccountKind.PERSONAL_ACCOUNT):
            earlier = credited.get(made.rule.insurance)
            credited[made.rule.insurance] = (
                made.amount_fen if earlier is None else earlier + made.amount_fen
            )
    return credited


def assess_columns(
    schedule: Schedule, unit: UnitFacts, asked_fen: Fen, people_facts: PeopleFigures = NO_FIGURES
) -> Columns:
    """Levy on wages of shape (people, insurances) or (people, 1).

    Raises:
        WageTotalMissing, FigureMissing, AgeMissing: a rate needs a value that was not given.
    """
    people = levy_people(schedule, asked_fen, people_facts)
    sums = dict(zip(schedule.insurances, map(int, people.base_fen.sum(axis=0)), strict=True))
    credited = {name: int(column.sum()) for name, column in credited_columns(people).items()}
    own = tuple(
        PeopleLine(
            rule=made.rule,
            rate=made.rate,
            base_fen=int(made.base_fen.sum()),
            amount_fen=int(made.amount_fen.sum()),
        )
        for made in people.rates
    )
    whole = tuple(unit_lines(schedule, unit, sums, credited))
    return Columns(
        base_fen=people.base_fen,
        unit_fen=people.unit_fen,
        personal_fen=people.personal_fen,
        people_lines=own,
        unit_lines=whole,
        relief_lines=tuple(relieved(schedule, _owed(own, whole))) if schedule.reliefs else (),
    )


def _owed(people: Sequence[PeopleLine], whole: Sequence[ContributionLine]) -> dict[Owed, int]:
    """Add up what the unit owes by insurance, account and fund, before relief."""
    parts = [(line.rate, line.rule.fund, line.amount_fen) for line in people]
    parts += [(line.rate, line.fund, line.amount_fen) for line in whole]
    return owed_by(
        (rate.party, rate.insurance, rate.account, fund, fen) for rate, fund, fen in parts
    )


def _based(
    kind: BaseKind,
    fixed_fen: int | None,
    limit: Limit,
    declared: Fen,
    people_facts: PeopleFigures,
    who: Bearers = EVERYBODY,
) -> Fen:
    """Calculate `levy._base` for a column of people; 0 for people who are not levied."""
    if kind.is_fixed:
        assert fixed_fen is not None, "a pack was checked before it was stored"
        return who.only(np.full(declared.shape, fixed_fen, np.int64))
    whole = _whole(declared, limit)
    if kind.figure is None:
        return who.based(_clamped(whole, limit))
    figure = _figure(kind.figure, people_facts, who)
    archive = kind is BaseKind.OWN_ARCHIVE
    wage = np.maximum(whole, figure) if archive else _whole(figure, limit)
    return who.based(_clamped(wage, limit))


def _whole(declared: Fen, limit: Limit) -> Fen:
    """Round the declared bases as the region does (基数取整)."""
    return declared if limit.base_rounding is None else _levied(declared, PPM, limit.base_rounding)


def _figure(figure: Figure, people_facts: PeopleFigures, who: Bearers) -> Fen:
    """Return the column of a figure; only people whose base needs it must have given it."""
    if who.by_wage is not None and not who.by_wage.any():
        return np.zeros(who.by_wage.shape, np.int64)
    if figure not in people_facts.figures:
        raise FigureMissing(figure=figure.value)
    missing = people_facts.figures[figure] < 0
    if (missing if who.by_wage is None else missing & who.by_wage).any():
        raise FigureMissing(figure=figure.value)
    return people_facts.figures[figure]


def _parted(
    rule: Rule,
    made: Sequence[RateColumn],
    base: Fen,
    age: NDArray[np.int64] | None,
    who: Bearers,
    rounding: Rounding,
) -> list[RateColumn]:
    """Take the credits to personal accounts out of the unit's share."""
    left = np.ones(base.shape, bool) if who.holds is None else who.holds.copy()
    if not left.any():
        return list(made)
    if age is None or (age[left] < 0).any():
        raise AgeMissing
    remaining, parted = _unit_share(made, base)
    credits = []
    for row in rule.credits:
        holds = left & (age >= row.age_from)
        if row.age_below is not None:
            holds &= age < row.age_below
        left &= ~holds
        rate = credit_rate(rule, row)
        amounts = np.where(holds, _levied(base, rate.rate_ppm, rate.rounding or rounding), 0)
        amounts = np.where(parted, np.minimum(amounts, remaining), amounts)
        remaining = remaining - amounts
        if holds.any():
            credits.append(
                RateColumn(
                    rule=rule,
                    rate=rate,
                    base_fen=np.where(holds, base, 0),
                    amount_fen=amounts,
                    holds=holds,
                )
            )
    lines = [
        replace(
            line, amount_fen=remaining if line.holds is None else np.where(line.holds, remaining, 0)
        )
        if line.rate.party is Party.UNIT
        else line
        for line in made
    ]
    return [*lines, *credits]


def _unit_share(made: Sequence[RateColumn], base: Fen) -> tuple[Fen, NDArray[np.bool_]]:
    """Return the unit's amount for each person over all rates, and a mask of the people who have
    one."""
    share = np.zeros(base.shape, np.int64)
    parted = np.zeros(base.shape, bool)
    for line in made:
        if line.rate.party is Party.UNIT:
            share = share + line.amount_fen
            parted |= True if line.holds is None else line.holds
    return share, parted


def _clamped(declared: Fen, limit: Limit) -> Fen:
    raised = declared if limit.floor_fen is None else np.maximum(declared, limit.floor_fen)
    return raised if limit.ceiling_fen is None else np.minimum(raised, limit.ceiling_fen)


def _levied(base: Fen, rate_ppm: int, rounding: Rounding) -> Fen:
    """Calculate `shared.money.levy` for a column of bases that are not negative."""
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


def wage_columns(
    insurances: Sequence[str], default_fen: Sequence[int], own: Sequence[Mapping[str, int] | None]
) -> Fen:
    """Arrange wages in columns: one column if nobody has separate wages, else one per insurance.

    `own` gives each person's separate wages by insurance.
    """
    column = np.asarray(default_fen, np.int64).reshape(-1, 1)
    if not any(own):
        return column
    columns = np.repeat(column, len(insurances), axis=1)
    place = {name: index for index, name in enumerate(insurances)}
    for row, differing in enumerate(own):
        for name, amount_fen in (differing or {}).items():
            columns[row, place[name]] = amount_fen
    return columns
