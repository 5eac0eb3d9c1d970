"""Bases that a review has set for the year (当年不变), and how declarations are held to them.

庆社险函〔2011〕3号: once reviewed, a person's base holds for the year, and so does the unit's, whoever
joins or leaves. People who joined after the review are declared like any others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import numpy as np

from services.collection.common.domain.errors import BaseFrozen
from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.membership import matched_rows
from services.collection.filing.domain.month import DeclaredMonth, Schedules
from services.collection.policy.domain.policy import Rule, Schedule
from services.collection.policy.domain.rate import BaseKind, Figure, Limit, UnitFigure
from shared.errors import Fault, Refusal
from shared.money import format_yuan

CODE: Final = BaseFrozen.code


@dataclass(frozen=True, slots=True)
class UnitReview:
    """The last confirmed review of a unit; amounts in fen a month. The wage total includes people
    who only count in it."""

    unit_id: int
    id: UUID
    policy_id: UUID
    wage_total_fen: int
    base_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedBases:
    """The reviewed bases of some units. Each reviewed person has one row: unit, person, and a
    column of bases for each insurance of the policy, ABSENT where the review set none."""

    units: Mapping[int, UnitReview]
    unit_id: Ints
    person_id: Ints
    base_fen: Ints


@dataclass(frozen=True, slots=True)
class BaseMismatch:
    """A person, by row, whose declared base differs from the reviewed one of an insurance. The
    declared base comes from a figure, or from the wage (None)."""

    row: int
    insurance: str
    figure: str | None
    reviewed_fen: int


def mismatch_message(mismatches: Sequence[BaseMismatch]) -> str:
    """Tell the sender what to declare in one cell."""
    bases = ", ".join(f"{one.insurance} {format_yuan(one.reviewed_fen)}" for one in mismatches)
    return f"缴费基数已核定,当年不变 (the reviewed bases hold for the year): {bases}"


@dataclass(frozen=True, slots=True)
class UnitMismatch:
    """A unit, by place, whose declared wage total, or the figure that replaces it, differs from the
    reviewed one."""

    place: int
    figure: str | None
    reviewed_fen: int

    @property
    def message(self) -> str:
        """Tell the sender what to declare."""
        return (
            f"单位缴费基数已核定,当年不变;核定月工资总额为 {format_yuan(self.reviewed_fen)}"
            " (the reviewed total holds for the year)"
        )

    @property
    def fault(self) -> Fault:
        """Return the fault in a declaration of one unit."""
        at = "/unit_wage_total" if self.figure is None else f"/unit_figures/{self.figure}"
        return Fault(at, CODE, self.message)


def base_mismatches(
    reviewed: ReviewedBases, schedule: Schedule, unit: Ints, person: Ints, base_fen: Ints
) -> Iterator[BaseMismatch]:
    """Compare levied bases, one column for each insurance, with the reviewed ones.

    The units share a schedule. Reviewed bases are first held to this month's limits, like any base.
    """
    rows, found = matched_rows(unit, person, reviewed.unit_id, reviewed.person_id)
    for column, rule in enumerate(schedule.rules):
        if rule.personal_base.is_fixed or not rule.rates:
            continue
        expected_fen = reviewed.base_fen[found, column]
        limited_fen = _limited(expected_fen, rule)
        differs = (expected_fen != ABSENT) & (base_fen[rows, column] != limited_fen)
        for place in np.flatnonzero(differs).tolist():
            figure = rule.personal_base.figure
            yield BaseMismatch(
                row=int(rows[place]),
                insurance=rule.insurance,
                figure=None if figure in {None, Figure.ARCHIVE} else figure,
                reviewed_fen=int(expected_fen[place]),
            )


def _limited(base_fen: Ints, rule: Rule) -> Ints:
    floor, ceiling = rule.personal_limit.floor_fen, rule.personal_limit.ceiling_fen
    raised: Ints = base_fen if floor is None else np.maximum(base_fen, floor)
    return raised if ceiling is None else np.minimum(raised, ceiling)


def with_reviewed_totals(
    month: DeclaredMonth, reviewed: ReviewedBases, schedules: Schedules
) -> tuple[DeclaredMonth, list[UnitMismatch]]:
    """Replace wage totals and unit bases by the reviewed ones; report units that declare others."""
    totals, figures = list(month.wage_totals_fen), list(month.unit_figures)
    frozen: list[int | None] = [None] * len(totals)
    mismatches: list[UnitMismatch] = []
    for place, unit in enumerate(month.units):
        review, schedule = reviewed.units.get(unit.id), schedules.of(unit)
        if review is None or isinstance(schedule, Refusal):
            continue
        mismatches += unit_mismatches(review, schedule, place, totals[place], figures[place])
        totals[place], figures[place] = reviewed_totals(
            review, schedule, totals[place], figures[place]
        )
        frozen[place] = review.base_fen
    replaced = replace(
        month,
        wage_totals_fen=tuple(totals),
        unit_figures=tuple(figures),
        frozen_base_fen=tuple(frozen),
    )
    return replaced, mismatches


def unit_mismatches(
    review: UnitReview,
    schedule: Schedule,
    place: int,
    total_fen: int | None,
    figures: Mapping[str, int],
) -> Iterator[UnitMismatch]:
    """Compare a unit's declared totals with the reviewed one; it need not declare any."""
    allowed = {None, review.wage_total_fen}
    if schedule.needs_wage_total and total_fen not in allowed:
        yield UnitMismatch(place, None, review.wage_total_fen)
    name = UnitFigure.LAST_YEAR
    if name in schedule.unit_figures and figures.get(name) not in allowed:
        yield UnitMismatch(place, name, review.wage_total_fen)


def reviewed_totals(
    review: UnitReview, schedule: Schedule, total_fen: int | None, figures: Mapping[str, int]
) -> tuple[int | None, Mapping[str, int]]:
    """Return the unit's total and figures, with the reviewed one where the schedule needs it."""
    if UnitFigure.LAST_YEAR in schedule.unit_figures:
        figures = {**figures, UnitFigure.LAST_YEAR: review.wage_total_fen}
    return review.wage_total_fen if schedule.needs_wage_total else total_fen, figures


REVIEWED_LIMIT: Final = Limit(
    id="reviewed", insurance="*", floor_fen=None, ceiling_fen=None, source=""
)


def on_reviewed_bases(schedule: Schedule) -> Schedule:
    """Change a schedule so that it levies reviewed bases, which are within limits already."""
    return replace(schedule, rules=tuple(_on_reviewed_base(rule) for rule in schedule.rules))


def _on_reviewed_base(rule: Rule) -> Rule:
    return replace(
        rule,
        limit=REVIEWED_LIMIT,
        personal_base=_from_wage(rule.personal_base),
        rates=tuple(replace(rate, base=_from_wage(rate.base)) for rate in rule.rates),
    )


def _from_wage(kind: BaseKind) -> BaseKind:
    return kind if kind.figure is None else BaseKind.OWN
