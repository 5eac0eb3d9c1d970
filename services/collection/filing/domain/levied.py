"""Levy a declared month: the headers, lines, people and figures that will be stored.

One unit and sixty thousand units go through the same calculation, by columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.errors import TotalTooLarge
from services.collection.common.domain.rows import ABSENT, Ints
from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.late import MONTHLY, NEW_DECLARATION, FilingPlan
from services.collection.filing.domain.month import (
    DeclaredMonth,
    Schedules,
    groups_by_schedule,
    has_own_wages,
    people_figures,
    rows_of,
    starts_of,
    unit_facts,
    unit_ids,
    unit_places,
    wage_columns,
)
from services.collection.filing.domain.records import DeclarationRow, LineRow
from services.collection.filing.domain.restatement import corrected_lines, net_by_party
from services.collection.levy.domain.columns import PeopleColumns
from services.collection.levy.domain.people_categories import PeopleCategories, people_categories
from services.collection.levy.domain.units import UnitsLevy, UnitsLine, assess_units
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import Figure, UnitFigure
from shared.fund import Party
from shared.ids import uuid7s
from shared.money import AMOUNT_MAX_FEN, format_yuan
from shared.period import Period

UNIT_LINE = 0
"""The line number of a unit's own figures; its people are numbered from 1."""
PlansByUnit = Mapping[int, FilingPlan]
"""Filing plans by unit; a unit without one files its first declaration of the month."""
FigureRecord = tuple[object, ...]
"""Unit, declaration, round, line, figures in fen, age, category, chosen base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingTerms:
    """The terms on which a month is filed: its period and policy, the plans of units that have
    declarations in the month already, and the kind and reason of a correction."""

    period: Period
    policy_id: UUID
    plans: PlansByUnit
    kind: str = MONTHLY
    reason_code: str | None = None
    note: str | None = None
    review_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevyGroup:
    """Declarations of units with one schedule, and the lines that they levy: in each line, one
    base and one amount for each declaration."""

    headers: list[DeclarationRow]
    lines: tuple[UnitsLine, ...]

    def present(self) -> NDArray[np.bool_]:
        """Mark which declarations (rows) have which lines (columns)."""
        return _present(len(self.headers), self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeviedPeople:
    """The people of levied declarations: `header` is the place of each person's declaration;
    wages by insurance, bases and shares are one column for each insurance."""

    header: Ints
    line_no: Ints
    person_id: Ints
    wage_fen: Ints
    has_own_wages: NDArray[np.bool_]
    wages_fen: Ints
    base_fen: Ints
    unit_fen: Ints
    personal_fen: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class LeviedMonth:
    """Everything to be stored of a month. `corrections` are lines that take back what an earlier
    declaration levied, each with its header."""

    headers: list[DeclarationRow]
    groups: list[LevyGroup]
    corrections: list[tuple[DeclarationRow, LineRow]]
    people: LeviedPeople
    figures: list[FigureRecord]

    @property
    def total_fen(self) -> int:
        """Return the sum of all declarations."""
        return sum(row.total_fen for row in self.headers)


def levy_month(
    month: DeclaredMonth,
    schedules: Schedules,
    terms: FilingTerms,
    before: Mapping[int, Sequence[LineRow]],
) -> LeviedMonth:
    """Levy a month, group by group of units that share a schedule.

    A unit without people levies nothing. `before` are the lines of the declarations that are
    corrected, by unit.

    Raises:
        TotalTooLarge: a unit owes more than can be booked.
    """
    wages = wage_columns(month, schedules.insurances)
    shares = [np.empty((len(month.person_id), len(schedules.insurances)), np.int64) for _ in "123"]
    headers: dict[int, DeclarationRow] = {}
    groups: list[LevyGroup] = []
    corrections: list[tuple[DeclarationRow, LineRow]] = []
    figures: list[FigureRecord] = []
    categories = people_categories(month.categories, unit_ids(month), month.person_id)
    for places in groups_by_schedule(month):
        rows = rows_of(month, places)
        levied = _nothing(len(places), len(schedules.insurances))
        if len(rows):
            schedule = schedules.require(month.units[int(places[0])])
            levied = _assess(month, schedule, (places, rows), wages, categories)
        parts = levied.people.base_fen, levied.people.unit_fen, levied.people.personal_fen
        for share, part in zip(shares, parts, strict=True):
            share[rows] = part
        group, taken_back = _group(month, (places, rows), levied, terms, before)
        groups.append(group)
        corrections += taken_back
        headers |= dict(zip(places.tolist(), group.headers, strict=True))
        if len(rows):
            figures += _figure_records(month, schedule, (places, rows), group.headers, categories)
    people = LeviedPeople(
        header=unit_places(month),
        line_no=month.line_no,
        person_id=month.person_id,
        wage_fen=month.wage_fen,
        has_own_wages=has_own_wages(month),
        wages_fen=wages,
        base_fen=shares[0],
        unit_fen=shares[1],
        personal_fen=shares[2],
    )
    ordered = [headers[place] for place in range(len(month.units))]
    return LeviedMonth(
        headers=ordered, groups=groups, corrections=corrections, people=people, figures=figures
    )


def _nothing(units: int, insurances: int) -> UnitsLevy:
    """Build the result for units that have no people."""
    empty = np.empty((0, insurances), np.int64)
    people = PeopleColumns(base_fen=empty, unit_fen=empty, personal_fen=empty, rates=())
    return UnitsLevy(units=units, people=people, lines=())


def _assess(
    month: DeclaredMonth,
    schedule: Schedule,
    of: tuple[Ints, Ints],
    wages: Ints,
    categories: PeopleCategories | None,
) -> UnitsLevy:
    """Levy the units of one schedule; `of` are their places and the rows of their people."""
    places, rows = of
    return assess_units(
        schedule,
        [unit_facts(month, place) for place in places.tolist()],
        wages[rows],
        starts_of(month.people[places]),
        people_figures(month, schedule, rows, categories),
    )


def _group(
    month: DeclaredMonth,
    of: tuple[Ints, Ints],
    levied: UnitsLevy,
    terms: FilingTerms,
    before: Mapping[int, Sequence[LineRow]],
) -> tuple[LevyGroup, list[tuple[DeclarationRow, LineRow]]]:
    """Build the headers of a group, and the lines that take back earlier ones."""
    places, rows = of
    own_lines = _present(len(places), levied.lines).sum(axis=1).tolist()
    wages = _sums(month.wage_fen[rows], month.people[places])
    sums = zip(
        levied.total_fen(Party.UNIT.value).tolist(),
        levied.total_fen(Party.PERSONAL.value).tolist(),
        levied.largest_base_fen().tolist(),
        wages,
        strict=True,
    )
    headers, corrections = [], []
    for new_id, place, lines, (unit_fen, personal_fen, largest_fen, wages_fen) in zip(
        uuid7s(len(places)), places.tolist(), own_lines, sums, strict=True
    ):
        parts, taken_back = (unit_fen, personal_fen), []
        if lines_before := before.get(month.units[place].id):
            taken_back = corrected_lines(lines_before, lines)
            net = net_by_party(taken_back)
            parts = unit_fen + net["unit"], personal_fen + net["personal"]
        if max(abs(sum(parts)), largest_fen) > AMOUNT_MAX_FEN:
            code = month.units[place].credit_code
            raise TotalTooLarge(credit_code=code, total=format_yuan(sum(parts)))
        header = _header(month, place, terms, new_id, parts, wages_fen)
        headers.append(header)
        corrections += [(header, line) for line in taken_back]
    return LevyGroup(headers=headers, lines=levied.lines), corrections


def _sums(values: Ints, people: Ints) -> list[int]:
    """Add up the values of each unit's rows."""
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
    stops = np.cumsum(people)
    sums: list[int] = (ends[stops] - ends[stops - people]).tolist()
    return sums


def _header(
    month: DeclaredMonth,
    place: int,
    terms: FilingTerms,
    new_id: UUID,
    parts: tuple[int, int],
    wages_fen: int,
) -> DeclarationRow:
    unit = month.units[place]
    plan = terms.plans.get(unit.id, NEW_DECLARATION)
    return DeclarationRow(
        unit_id=unit.id,
        id=plan.again.id if plan.again else new_id,
        credit_code=unit.credit_code,
        district=unit.district,
        period=str(terms.period),
        round=plan.again.round + 1 if plan.again else 1,
        status=State.SUBMITTED.value,
        policy_id=terms.policy_id,
        unit_kind=unit.kind,
        injury_class=unit.injury_class,
        injury_step=unit.injury_step,
        unit_size=unit.size,
        unit_wage_total_fen=month.wage_totals_fen[place],
        people=int(month.people[place]),
        wages_fen=wages_fen,
        unit_fen=parts[0],
        personal_fen=parts[1],
        total_fen=sum(parts),
        kind=terms.kind,
        corrects=plan.corrects.id if plan.corrects else None,
        reason_code=terms.reason_code,
        note=terms.note,
        review_id=terms.review_id,
        frozen_base_fen=month.frozen_base_fen[place] if month.frozen_base_fen else None,
    )


def _figure_records(
    month: DeclaredMonth,
    schedule: Schedule,
    of: tuple[Ints, Ints],
    headers: Sequence[DeclarationRow],
    categories: PeopleCategories | None,
) -> list[FigureRecord]:
    """Collect the figures that the schedule needs, and the people who are not plain employees; the
    amounts are explained from them. Most schedules need none."""
    places, rows = of
    records: list[FigureRecord] = []
    if schedule.unit_figures:
        for header, place in zip(headers, places.tolist(), strict=True):
            fen = [month.unit_figures[place].get(name) for name in UnitFigure]
            records.append((*header.key, UNIT_LINE, fen, None, None, None))
    kinds = None if categories is None else categories.of(rows)
    needed = bool(schedule.figures) or schedule.needs_age
    if not needed and kinds is None:
        return records
    absent = np.full(len(rows), ABSENT, np.int64)
    columns = [month.figures[name][rows] if name in month.figures else absent for name in Figure]
    cells = zip(*(column.tolist() for column in columns), strict=True)
    ages = (month.age[rows] if schedule.needs_age else absent).tolist()
    words = [(None, None)] * len(rows) if kinds is None else kinds.words()
    keys = [
        header.key
        for header, count in zip(headers, month.people[places].tolist(), strict=True)
        for _ in range(count)
    ]
    return records + [
        (*key, line, [_given(fen) for fen in figures], _given(age), *kind)
        for key, line, figures, age, kind in zip(
            keys, month.line_no[rows].tolist(), cells, ages, words, strict=True
        )
        if needed or kind != (None, None)
    ]


def _given(value: int) -> int | None:
    return None if value == ABSENT else value


def _present(declarations: int, lines: Sequence[UnitsLine]) -> NDArray[np.bool_]:
    present = np.ones((declarations, len(lines)), bool)
    for place, line in enumerate(lines):
        if line.holds is not None:
            present[:, place] = line.holds
    return present


def lines_of(levied: LeviedMonth) -> list[LineRow]:
    """List the lines of a month of one unit."""
    group = levied.groups[0]
    lines = [
        line for line, is_present in zip(group.lines, group.present()[0], strict=True) if is_present
    ]
    own = [
        LineRow(
            line_no=number,
            level=line.level,
            insurance=line.rule.insurance,
            party=line.rate.party.value,
            account=line.rate.account.value,
            fund=line.rule.fund,
            rule=line.rate.id,
            base_fen=int(line.base_fen[0]),
            amount_fen=int(line.amount_fen[0]),
        )
        for number, line in enumerate(lines, 1)
    ]
    return own + [line for _, line in levied.corrections]
