"""Bases that a review has set for the year (当年不变): what a declaration has to keep to.

庆社险函〔2011〕3号: once reviewed, a person's base stands for the year, and so does the unit's, whoever
joins or leaves. Who joined after the review is declared as he is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.errors import BaseFrozen
from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.check import Schedules, Taken, memberships
from services.collection.policy.domain.policy import Rule, Schedule
from services.collection.policy.domain.rate import BaseKind, Figure, Limit, UnitFigure
from shared.errors import Refusal
from shared.money import format_yuan

Mask = NDArray[np.bool_]
CODE: Final = BaseFrozen.code
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitBase:
    """A unit's own: its reviewed wage total with those who only count, and its base (fen a month)."""

    wage_total_fen: int
    base_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenYear:
    """Reviewed bases of some units: (unit, person) and one column an insurance of the policy, ABSENT
    where the review did not set it. Who is reviewed stands in it once."""

    units: Mapping[int, UnitBase]
    unit_id: Ints
    person_id: Ints
    base_fen: Ints


@dataclass(frozen=True, slots=True)
class Breach:
    """A declared person, by row, and what the review says instead for an insurance, whose base is
    taken from a figure (None: from the wage)."""

    row: int
    insurance: str
    figure: str | None
    reviewed_fen: int


def told(found: Sequence[Breach]) -> str:
    """What to declare of one person in one place."""
    bases = ", ".join(f"{one.insurance} {format_yuan(one.reviewed_fen)}" for one in found)
    return f"缴费基数已核定,当年不变 (the reviewed bases hold for the year): {bases}"


@dataclass(frozen=True, slots=True)
class UnitBreach:
    """A declared unit, by place, and the wage total that the review says instead."""

    place: int
    figure: str | None
    reviewed_fen: int

    @property
    def message(self) -> str:
        """What to declare."""
        return (
            f"单位缴费基数已核定,当年不变;核定月工资总额为 {format_yuan(self.reviewed_fen)}"
            " (the reviewed total holds for the year)"
        )


def breaches(
    year: FrozenYear, schedule: Schedule, unit: Ints, person: Ints, base_fen: Ints
) -> Iterator[Breach]:
    """Where levied bases (one column an insurance) of people of units that share a schedule differ
    from the reviewed ones, held to this month's limits as every base is."""
    rows, found = _matched(year, unit, person)
    for column, rule in enumerate(schedule.rules):
        if rule.personal_base.is_fixed or not rule.rates:
            continue
        reviewed = year.base_fen[found, column]
        expected = _held(reviewed, rule)
        wrong = (reviewed != ABSENT) & (base_fen[rows, column] != expected)
        for place in np.flatnonzero(wrong).tolist():
            figure = rule.personal_base.figure
            yield Breach(
                row=int(rows[place]),
                insurance=rule.insurance,
                figure=None if figure in {None, Figure.ARCHIVE} else figure,
                reviewed_fen=int(reviewed[place]),
            )


def _matched(year: FrozenYear, unit: Ints, person: Ints) -> tuple[Ints, Ints]:
    """The rows of people who were reviewed, and where each stands in the review."""
    mine, _ = memberships(unit, person, year.unit_id, year.person_id)
    theirs, _ = memberships(year.unit_id, year.person_id, unit, person)
    rows, found = np.flatnonzero(mine), np.flatnonzero(theirs)
    rows = rows[np.lexsort((person[rows], unit[rows]))]
    found = found[np.lexsort((year.person_id[found], year.unit_id[found]))]
    assert len(rows) == len(found), "nobody is declared or reviewed twice at one unit"
    return rows, found


def _held(base_fen: Ints, rule: Rule) -> Ints:
    floor, ceiling = rule.personal_limit.floor_fen, rule.personal_limit.ceiling_fen
    raised: Ints = base_fen if floor is None else np.maximum(base_fen, floor)
    return raised if ceiling is None else np.minimum(raised, ceiling)


def with_units(
    year: FrozenYear, taken: Taken, schedules: Schedules
) -> tuple[Taken, list[UnitBreach]]:
    """What is declared, with the reviewed totals and bases of its units; and which units say
    another total."""
    totals, figures = list(taken.wage_totals_fen), list(taken.unit_figures)
    frozen: list[int | None] = [None] * len(totals)
    wrong: list[UnitBreach] = []
    for place, unit in enumerate(taken.units):
        found, schedule = year.units.get(unit.id), schedules.of(unit)
        if found is None or isinstance(schedule, Refusal):
            continue
        wrong += unit_breaches(found, schedule, place, totals[place], figures[place])
        totals[place], figures[place] = stated(found, schedule, totals[place], figures[place])
        frozen[place] = found.base_fen
    held = replace(
        taken,
        wage_totals_fen=tuple(totals),
        unit_figures=tuple(figures),
        frozen_base_fen=tuple(frozen),
    )
    return held, wrong


def unit_breaches(
    found: UnitBase,
    schedule: Schedule,
    place: int,
    total_fen: int | None,
    figures: Mapping[str, int],
) -> Iterator[UnitBreach]:
    """Where a unit says another total than the reviewed one; it may say nothing."""
    if schedule.needs_wage_total and total_fen not in {None, found.wage_total_fen}:
        yield UnitBreach(place, None, found.wage_total_fen)
    name = UnitFigure.LAST_YEAR
    if name in schedule.unit_figures and figures.get(name) not in {None, found.wage_total_fen}:
        yield UnitBreach(place, name, found.wage_total_fen)


def stated(
    found: UnitBase, schedule: Schedule, total_fen: int | None, figures: Mapping[str, int]
) -> tuple[int | None, Mapping[str, int]]:
    """The unit's total and figures as reviewed, where the policy asks for them."""
    if UnitFigure.LAST_YEAR in schedule.unit_figures:
        figures = {**figures, UnitFigure.LAST_YEAR: found.wage_total_fen}
    return found.wage_total_fen if schedule.needs_wage_total else total_fen, figures


def without(taken: Taken, rows: Iterable[int], places: Iterable[int] = ()) -> Taken:
    """What is left of a declared month without some rows and some whole units."""
    keep = np.ones(len(taken.person_id), bool)
    keep[list(rows)] = False
    unit = np.repeat(np.arange(len(taken.units), dtype=np.int64), taken.people)
    keep &= ~np.isin(unit, list(places))
    kept = np.unique(unit[keep])
    people = np.bincount(np.searchsorted(kept, unit[keep]), minlength=len(kept)).astype(np.int64)
    starts = np.cumsum(people) - people

    def of_units(values: Sequence[Part]) -> tuple[Part, ...]:
        return tuple(values[place] for place in kept.tolist()) if values else ()

    return replace(
        taken,
        units=of_units(taken.units),
        wage_totals_fen=of_units(taken.wage_totals_fen),
        unit_figures=of_units(taken.unit_figures),
        frozen_base_fen=of_units(taken.frozen_base_fen),
        starts=starts,
        people=people,
        line_no=np.arange(int(people.sum()), dtype=np.int64) - np.repeat(starts, people) + 1,
        row=taken.row[keep],
        age=taken.age[keep],
        person_id=taken.person_id[keep],
        wage_fen=taken.wage_fen[keep],
        own_fen={name: column[keep] for name, column in taken.own_fen.items()},
        figures={name: column[keep] for name, column in taken.figures.items()},
    )


NO_LIMIT: Final = Limit(id="reviewed", insurance="*", floor_fen=None, ceiling_fen=None, source="")


def on_reviewed_bases(schedule: Schedule) -> Schedule:
    """Change a period's rules so that they apply to reviewed bases, which are within limits already."""
    return replace(schedule, rules=tuple(_reviewed(rule) for rule in schedule.rules))


def _reviewed(rule: Rule) -> Rule:
    return replace(
        rule,
        limit=NO_LIMIT,
        personal_base=_own(rule.personal_base),
        rates=tuple(replace(rate, base=_own(rate.base)) for rate in rule.rates),
    )


def _own(kind: BaseKind) -> BaseKind:
    return kind if kind.figure is None else BaseKind.OWN
