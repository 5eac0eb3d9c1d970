"""What is wrong with a declaration file, and what of it may be stored; pure, over columns.

The same refusals as one unit's declaration, each with the row and column it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.collection.common.domain.errors import AgeMissing, FigureMissing, WageTotalMissing
from services.collection.common.domain.faults import file_control_differs, row_repeated
from services.collection.common.domain.rows import ABSENT, FileRows, Ints, OnFault, RowFault
from services.collection.filing.domain.late import FIRST, Turn
from services.collection.filing.domain.rows import CODE, FIGURE, NUMBER, UNIT_FIGURE, WAGE_TOTAL
from services.collection.levy.domain.figures import Asked, ages, missing, needs_age, one_a_unit
from services.collection.levy.domain.people_categories import KnownCategories
from services.collection.policy.domain.policy import Policy, Schedule
from services.collection.policy.domain.rate import UnitFigure
from services.collection.register.domain.person import number_fault
from services.collection.register.domain.unit import Facts, Unit, facts_levied_by, schedule_of
from shared.errors import Refusal
from shared.money import format_yuan
from shared.period import Period

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The sender's own count of people and sum of their wages."""

    people: int
    wages_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What is known of a file's units: registration, enrolments in the period, what filing
    comes to where something stands in the period.

    `districts` are those that the sender may declare for, None for all. `standings` say who is no
    ordinary employee; of the units in `reviewed` the wage total of the year is known.
    """

    units: Mapping[str, Unit]
    enrolled_unit: Ints
    enrolled_person: Ints
    turns: Mapping[int, Turn]
    district: str | None
    standings: KnownCategories = field(default_factory=dict)
    reviewed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What may be stored: its rows unit by unit, units in the order of their keys.

    `starts` is the first row of each unit; `line_no` the row's place within its unit. `figures`,
    `unit_figures` and `age` are what some policies ask for beside the wage, ABSENT where they do not.
    `row` is where each stands in the file; `frozen_base_fen` the units' own reviewed bases, empty
    where none were reviewed.
    """

    units: tuple[Unit, ...]
    wage_totals_fen: tuple[int | None, ...]
    unit_figures: tuple[Mapping[str, int], ...]
    starts: Ints
    people: Ints
    line_no: Ints
    age: Ints
    person_id: Ints
    wage_fen: Ints
    own_fen: Mapping[str, Ints]
    figures: Mapping[str, Ints]
    row: Ints
    standings: KnownCategories = field(default_factory=dict)
    frozen_base_fen: tuple[int | None, ...] = ()


def control_faults(filed: FileRows, control: Control) -> list[RowFault]:
    """Where the control totals do not tie. A sum with an unreadable part cannot be compared."""
    faults = []
    if filed.people != control.people:
        faults.append(
            file_control_differs("control.people", str(control.people), str(filed.people))
        )
    if filed.wages_fen is not None and filed.wages_fen != control.wages_fen:
        faults.append(
            file_control_differs(
                "control.wages", format_yuan(control.wages_fen), format_yuan(filed.wages_fen)
            )
        )
    return faults


def check(
    filed: FileRows, register: Register, schedules: Schedules, on_fault: OnFault
) -> tuple[list[RowFault], Taken]:
    """Every fault of the rows in their order, and what may be stored when faults are skipped."""
    bad = np.zeros(len(filed.row), bool)
    faults = list(filed.faults)
    whole = _Whole(filed)
    refused = np.zeros(len(filed.codes), bool)
    for place, fault in _units_faults(filed, register, schedules, whole):
        refused[place] = True
        faults.append(fault)
    bad |= refused[filed.unit]
    asked = [_schedule(register, schedules, code) for code in filed.codes]
    of_people = [
        *_people_faults(filed, register, bad),
        *_standing_faults(filed, register, asked, ~bad),
        *_figure_faults(filed, register, asked, ~bad),
    ]
    for index, fault in of_people:
        bad[index] = True
        faults.append(fault)
    needed = ~bad & needs_age(asked)[filed.unit]
    age = ages(filed.number, needed, schedules.period)
    for index in np.flatnonzero(needed & (age == ABSENT)).tolist():
        bad[index] = True
        faults.append(
            RowFault(int(filed.row[index]), NUMBER, AgeMissing.code, AgeMissing().message)
        )
    if on_fault is OnFault.SKIP_UNITS:
        hit = np.array([code in filed.faulty for code in filed.codes], bool)
        hit[filed.unit[bad]] = True
        bad |= hit[filed.unit]
    faults.sort(key=lambda fault: fault.row)
    return faults, _taken(filed, ~bad, register, whole, age)


def _standing_faults(
    filed: FileRows, register: Register, asked: Asked, left: Mask
) -> Iterator[tuple[int, RowFault]]:
    """Whose category, as it is registered, the policy does not levy."""
    if not register.standings:
        return
    known = np.array([person for _, person in register.standings], np.int64)
    for index in np.flatnonzero(left & np.isin(filed.person_id, known)).tolist():
        place = int(filed.unit[index])
        unit, schedule = register.units.get(filed.codes[place]), asked[place]
        if unit is None or schedule is None:
            continue
        standing = register.standings.get((unit.id, int(filed.person_id[index])))
        refusal = None if standing is None else schedule.refusal(*standing)
        if refusal is not None:
            yield index, RowFault(int(filed.row[index]), NUMBER, refusal.code, refusal.message)


def _figure_faults(
    filed: FileRows, register: Register, asked: Asked, left: Mask
) -> Iterator[tuple[int, RowFault]]:
    said = FigureMissing()
    for index, name in missing(asked, filed.unit, filed.figures, left):
        if not register.standings or _needs(filed, register, asked, index, name):
            yield index, RowFault(int(filed.row[index]), FIGURE + name, said.code, said.message)


def _needs(filed: FileRows, register: Register, asked: Asked, index: int, figure: str) -> bool:
    """Whether what somebody is levied as is taken from a figure; of nobody who cannot be levied."""
    place = int(filed.unit[index])
    unit, schedule = register.units.get(filed.codes[place]), asked[place]
    if unit is None or schedule is None:
        return True
    standing = register.standings.get((unit.id, int(filed.person_id[index])))
    if standing is None:
        return True
    return schedule.refusal(*standing) is None and figure in schedule.figures_of(*standing)


class _Whole:
    """What rows say of their units: wage totals and figures, and where they contradict."""

    def __init__(self, filed: FileRows) -> None:
        columns = {WAGE_TOTAL: filed.unit_wage_total_fen}
        columns |= {UNIT_FIGURE + name: column for name, column in filed.unit_figures.items()}
        self.columns = {
            name: one_a_unit(filed.unit, column, len(filed.codes))
            for name, column in columns.items()
        }

    def given(self, name: str, place: int) -> int | None:
        """What a unit's rows say, None where they say nothing."""
        if name not in self.columns:
            return None
        fen = int(self.columns[name][0][place])
        return None if fen == ABSENT else fen

    def figures(self, place: int) -> dict[str, int]:
        """A unit's own figures by name."""
        found = {name: self.given(name, place) for name in self.columns if name != WAGE_TOTAL}
        return {
            name.removeprefix(UNIT_FIGURE): fen for name, fen in found.items() if fen is not None
        }

    def contradicted(self, place: int) -> list[str]:
        """The columns in which a unit's rows do not agree."""
        return [name for name, (_, differs) in self.columns.items() if differs[place]]


def _units_faults(
    filed: FileRows, register: Register, schedules: Schedules, whole: _Whole
) -> Iterator[tuple[int, RowFault]]:
    """(unit, fault): each stands at the unit's first row."""
    firsts = _first_rows(filed.unit, len(filed.codes))
    for place, code in enumerate(filed.codes):
        if firsts[place] == ABSENT:
            continue
        found = list(_unit_faults(register, schedules, code, place, whole))
        found += [
            (name, "WAGE_TOTALS_DIFFER", "同一单位的单位数据不一 (differ in one unit)")
            for name in ([] if found else whole.contradicted(place))
        ]
        for fault in found:
            yield place, RowFault(int(filed.row[firsts[place]]), *fault)


def _schedule(register: Register, schedules: Schedules, code: str) -> Schedule | None:
    unit = register.units.get(code)
    found = None if unit is None else schedules.of(unit)
    return None if isinstance(found, Refusal) else found


def _first_rows(unit: Ints, count: int) -> Ints:
    """The index of each unit's first row."""
    firsts = np.full(count, ABSENT, np.int64)
    # Written from the end, so that the first row is what stays.
    firsts[unit[::-1]] = np.arange(len(unit) - 1, -1, -1, dtype=np.int64)
    return firsts


class Schedules:
    """A policy's schedules of a period by what it goes by in a unit, each made once."""

    def __init__(self, policy: Policy, period: Period) -> None:
        self._policy = policy
        self.period = period
        self._known: dict[Facts, Schedule | Refusal] = {}

    @property
    def insurances(self) -> tuple[str, ...]:
        """The order of columns, the same in every schedule."""
        return self._policy.insurances

    def of(self, unit: Unit) -> Schedule | Refusal:
        """The schedule of a unit, or why it has none."""
        key = facts_levied_by(unit)
        if key not in self._known:
            try:
                self._known[key] = schedule_of(self._policy, unit, self.period)
            except Refusal as refusal:
                self._known[key] = refusal
        return self._known[key]


def _unit_faults(
    register: Register, schedules: Schedules, code: str, place: int, whole: _Whole
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a unit; whether it may declare goes before what it has to say."""
    unit = register.units.get(code)
    if unit is None:
        yield CODE, "UNIT_UNKNOWN", "未登记该单位 (no unit with this credit code)"
        return
    if register.district not in {None, unit.district}:
        yield CODE, "UNIT_OF_ANOTHER_DISTRICT", "非本分中心单位 (of another district)"
        return
    if (stands := register.turns.get(unit.id, FIRST).refusal) is not None:
        yield CODE, stands.code, stands.message
        return
    schedule = schedules.of(unit)
    if isinstance(schedule, Refusal):
        yield CODE, schedule.code, schedule.message
        return
    known = unit.id in register.reviewed
    if schedule.needs_wage_total and not known and whole.given(WAGE_TOTAL, place) is None:
        yield WAGE_TOTAL, WageTotalMissing.code, WageTotalMissing().message
    for name in schedule.unit_figures:
        if known and name == UnitFigure.LAST_YEAR:
            continue
        if whole.given(UNIT_FIGURE + name, place) is None:
            yield UNIT_FIGURE + name, FigureMissing.code, FigureMissing().message


def _people_faults(
    filed: FileRows, register: Register, skipped: Mask
) -> Iterator[tuple[int, RowFault]]:
    """Who stands twice in a unit, and who is not enrolled there; rows of refused units are left."""
    ids = np.array(
        [register.units[code].id if code in register.units else ABSENT for code in filed.codes],
        np.int64,
    )
    kept = np.flatnonzero(~skipped)
    unit_id = ids[filed.unit[kept]]
    enrolled, first = memberships(
        unit_id, filed.person_id[kept], register.enrolled_unit, register.enrolled_person
    )

    def fault(place: int, code: str, message: str) -> tuple[int, RowFault]:
        index = int(kept[place])
        return index, RowFault(int(filed.row[index]), NUMBER, code, message)

    for place in np.flatnonzero(first != np.arange(len(kept))).tolist():
        again = int(filed.row[kept[first[place]]])
        index = int(kept[place])
        yield index, row_repeated(int(filed.row[index]), again, NUMBER)
    for place in np.flatnonzero(~enrolled).tolist():
        wrong = number_fault(filed.number[kept[place]].decode(), "")
        if wrong:
            yield fault(place, wrong.code, wrong.message)
        else:
            yield fault(place, "PERSON_NOT_ENROLLED", "本所属期未在该单位参保 (not enrolled here)")


def memberships(
    unit: Ints, person: Ints, enrolled_unit: Ints, enrolled_person: Ints
) -> tuple[Mask, Ints]:
    """Whether each (unit, person) is among those enrolled, and where it stood first."""
    before = len(enrolled_unit)
    units = np.concatenate([enrolled_unit, unit])
    people = np.concatenate([enrolled_person, person])
    order = np.lexsort((people, units))
    changes = np.ones(len(order), bool)
    changes[1:] = (units[order][1:] != units[order][:-1]) | (
        people[order][1:] != people[order][:-1]
    )
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(changes) - 1
    count = int(changes.sum())
    known = np.zeros(count, bool)
    known[group[:before]] = True
    return known[group[before:]], _first_rows(group[before:], count)[group[before:]]


def _taken(filed: FileRows, keep: Mask, register: Register, whole: _Whole, age: Ints) -> Taken:
    places = np.unique(filed.unit[keep])
    found = sorted(((register.units[filed.codes[place]], place) for place in places.tolist()),
                   key=lambda pair: pair[0].id)  # fmt: skip
    rank = np.full(len(filed.codes), ABSENT, np.int64)
    for number, (_, place) in enumerate(found):
        rank[place] = number
    kept = np.flatnonzero(keep)
    ordered = kept[np.argsort(rank[filed.unit[kept]], kind="stable")]
    people = np.bincount(rank[filed.unit[ordered]], minlength=len(found)).astype(np.int64)
    starts = np.cumsum(people) - people
    return Taken(
        units=tuple(unit for unit, _ in found),
        wage_totals_fen=tuple(whole.given(WAGE_TOTAL, place) for _, place in found),
        unit_figures=tuple(whole.figures(place) for _, place in found),
        starts=starts,
        people=people,
        line_no=np.arange(len(ordered), dtype=np.int64) - np.repeat(starts, people) + 1,
        age=age[ordered],
        person_id=filed.person_id[ordered],
        wage_fen=filed.wage_fen[ordered],
        own_fen={name: column[ordered] for name, column in filed.own_fen.items()},
        figures={name: column[ordered] for name, column in filed.figures.items()},
        row=filed.row[ordered],
        standings=register.standings,
    )
