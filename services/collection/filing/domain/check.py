"""Check a declaration file, by columns: its faults, and the month that may be stored.

The faults are those of one unit's declaration, each with its row and column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from services.collection.common.domain.errors import (
    AgeMissing,
    DeclarationExists,
    FigureMissing,
    WageTotalMissing,
)
from services.collection.common.domain.faults import file_control_differs, row_repeated
from services.collection.common.domain.rows import ABSENT, FileRows, Ints, OnFault, RowFault
from services.collection.filing.domain.file_rows import (
    CODE,
    FIGURE,
    NUMBER,
    UNIT_FIGURE,
    WAGE_TOTAL,
)
from services.collection.filing.domain.late import NEW_DECLARATION, FilingPlan
from services.collection.filing.domain.membership import Mask, first_rows, memberships
from services.collection.filing.domain.month import (
    DeclaredMonth,
    Schedules,
    line_numbers,
    starts_of,
)
from services.collection.levy.domain.figures import (
    UnitSchedules,
    ages,
    missing,
    needs_age,
    one_a_unit,
)
from services.collection.levy.domain.people_categories import KnownCategories
from services.collection.policy.domain.policy import Schedule
from services.collection.policy.domain.rate import UnitFigure
from services.collection.register.domain.person import number_fault
from services.collection.register.domain.unit import Unit
from shared.errors import Refusal
from shared.money import format_yuan


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotals:
    """The sender's own count of people and sum of their wages."""

    people: int
    wages_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUnits:
    """The units of a file: registration, enrolments in the period, and filing plans where a unit
    has declarations in the month already.

    The sender may declare for `district` only (None: for all). `categories` are the people who are
    not plain employees; units in `reviewed` have a wage total for the year.
    """

    units: Mapping[str, Unit]
    enrolled_unit: Ints
    enrolled_person: Ints
    plans: Mapping[int, FilingPlan]
    district: str | None
    categories: KnownCategories = field(default_factory=dict)
    reviewed: frozenset[int] = frozenset()
    skips_declared: bool = False
    """The file was handed in before: units whose declaration was not returned are left as they are."""

    def is_done(self, code: str) -> bool:
        """Tell whether a unit of the file is left as it is."""
        unit = self.units.get(code)
        if not self.skips_declared or unit is None:
            return False
        return isinstance(self.plans.get(unit.id, NEW_DECLARATION).refusal, DeclarationExists)


def file_control_faults(filed: FileRows, control: ControlTotals) -> list[RowFault]:
    """Compare the control totals; a sum with an unreadable part cannot be compared."""
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
    filed: FileRows, known: KnownUnits, schedules: Schedules, on_fault: OnFault
) -> tuple[list[RowFault], DeclaredMonth]:
    """Find every fault, in the order of rows, and build the month without the faulty ones."""
    bad = np.zeros(len(filed.row), bool)
    faults = list(filed.faults)
    cells = _UnitCells(filed)
    refused = np.array([known.is_done(code) for code in filed.codes], bool)
    for place, fault in _units_faults(filed, known, schedules, cells):
        refused[place] = True
        faults.append(fault)
    bad |= refused[filed.unit]
    unit_schedules = [_schedule(known, schedules, code) for code in filed.codes]
    of_people = [
        *_people_faults(filed, known, bad),
        *_category_faults(filed, known, unit_schedules, ~bad),
        *_figure_faults(filed, known, unit_schedules, ~bad),
    ]
    for index, fault in of_people:
        bad[index] = True
        faults.append(fault)
    needed = ~bad & needs_age(unit_schedules)[filed.unit]
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
    return faults, _month(filed, ~bad, known, cells, age)


def _category_faults(
    filed: FileRows, known: KnownUnits, unit_schedules: UnitSchedules, left: Mask
) -> Iterator[tuple[int, RowFault]]:
    """Find people whose registered category the policy does not levy."""
    if not known.categories:
        return
    listed = np.array([person for _, person in known.categories], np.int64)
    for index in np.flatnonzero(left & np.isin(filed.person_id, listed)).tolist():
        place = int(filed.unit[index])
        unit, schedule = known.units.get(filed.codes[place]), unit_schedules[place]
        if unit is None or schedule is None:
            continue
        kind = known.categories.get((unit.id, int(filed.person_id[index])))
        refusal = None if kind is None else schedule.refusal(*kind)
        if refusal is not None:
            yield index, RowFault(int(filed.row[index]), NUMBER, refusal.code, refusal.message)


def _figure_faults(
    filed: FileRows, known: KnownUnits, unit_schedules: UnitSchedules, left: Mask
) -> Iterator[tuple[int, RowFault]]:
    missing_figure = FigureMissing()
    for index, name in missing(unit_schedules, filed.unit, filed.figures, left):
        if not known.categories or _needs(filed, known, unit_schedules, index, name):
            yield (
                index,
                RowFault(
                    int(filed.row[index]),
                    FIGURE + name,
                    missing_figure.code,
                    missing_figure.message,
                ),
            )


def _needs(
    filed: FileRows, known: KnownUnits, unit_schedules: UnitSchedules, index: int, figure: str
) -> bool:
    """Tell whether a person's base is taken from a figure; never for a category that is not levied."""
    place = int(filed.unit[index])
    unit, schedule = known.units.get(filed.codes[place]), unit_schedules[place]
    if unit is None or schedule is None:
        return True
    kind = known.categories.get((unit.id, int(filed.person_id[index])))
    if kind is None:
        return True
    return schedule.refusal(*kind) is None and figure in schedule.figures_of(*kind)


class _UnitCells:
    """Wage totals and figures that rows give for their units, and contradictions among rows."""

    def __init__(self, filed: FileRows) -> None:
        columns = {WAGE_TOTAL: filed.unit_wage_total_fen}
        columns |= {UNIT_FIGURE + name: column for name, column in filed.unit_figures.items()}
        self.columns: dict[str, tuple[list[int], list[bool]]] = {}
        for name, column in columns.items():
            values, differs = one_a_unit(filed.unit, column, len(filed.codes))
            self.columns[name] = values.tolist(), differs.tolist()

    def given(self, name: str, place: int) -> int | None:
        """Return the value that a unit's rows give, None when they give none."""
        if name not in self.columns:
            return None
        fen = self.columns[name][0][place]
        return None if fen == ABSENT else fen

    def figures(self, place: int) -> dict[str, int]:
        """Return a unit's figures by name."""
        found = {name: self.given(name, place) for name in self.columns if name != WAGE_TOTAL}
        return {
            name.removeprefix(UNIT_FIGURE): fen for name, fen in found.items() if fen is not None
        }

    def contradicted(self, place: int) -> list[str]:
        """Return the columns in which a unit's rows differ."""
        return [name for name, (_, differs) in self.columns.items() if differs[place]]


def _units_faults(
    filed: FileRows, known: KnownUnits, schedules: Schedules, cells: _UnitCells
) -> Iterator[tuple[int, RowFault]]:
    """Find faults of units; each is reported at the unit's first row."""
    firsts = first_rows(filed.unit, len(filed.codes))
    for place, code in enumerate(filed.codes):
        if firsts[place] == ABSENT or known.is_done(code):
            continue
        found = list(_unit_faults(known, schedules, code, place, cells))
        found += [
            (name, "WAGE_TOTALS_DIFFER", "同一单位的单位数据不一 (differ in one unit)")
            for name in ([] if found else cells.contradicted(place))
        ]
        for fault in found:
            yield place, RowFault(int(filed.row[firsts[place]]), *fault)


def _schedule(known: KnownUnits, schedules: Schedules, code: str) -> Schedule | None:
    unit = known.units.get(code)
    found = None if unit is None else schedules.of(unit)
    return None if isinstance(found, Refusal) else found


def _unit_faults(
    known: KnownUnits, schedules: Schedules, code: str, place: int, cells: _UnitCells
) -> Iterator[tuple[str, str, str]]:
    """Find the faults of one unit; a unit that may not declare is not checked further."""
    unit = known.units.get(code)
    if unit is None:
        yield CODE, "UNIT_UNKNOWN", "未登记该单位 (no unit with this credit code)"
        return
    if known.district not in {None, unit.district}:
        yield CODE, "UNIT_OF_ANOTHER_DISTRICT", "非本分中心单位 (of another district)"
        return
    if (refusal := known.plans.get(unit.id, NEW_DECLARATION).refusal) is not None:
        yield CODE, refusal.code, refusal.message
        return
    schedule = schedules.of(unit)
    if isinstance(schedule, Refusal):
        yield CODE, schedule.code, schedule.message
        return
    is_reviewed = unit.id in known.reviewed
    if schedule.needs_wage_total and not is_reviewed and cells.given(WAGE_TOTAL, place) is None:
        yield WAGE_TOTAL, WageTotalMissing.code, WageTotalMissing().message
    for name in schedule.unit_figures:
        if is_reviewed and name == UnitFigure.LAST_YEAR:
            continue
        if cells.given(UNIT_FIGURE + name, place) is None:
            yield UNIT_FIGURE + name, FigureMissing.code, FigureMissing().message


def _people_faults(
    filed: FileRows, known: KnownUnits, skipped: Mask
) -> Iterator[tuple[int, RowFault]]:
    """Find people who are listed twice in a unit, or not enrolled there. Rows of faulty units are not checked."""
    ids = np.array(
        [known.units[code].id if code in known.units else ABSENT for code in filed.codes],
        np.int64,
    )
    kept = np.flatnonzero(~skipped)
    unit_id = ids[filed.unit[kept]]
    enrolled, first = memberships(
        unit_id, filed.person_id[kept], known.enrolled_unit, known.enrolled_person
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


def _month(
    filed: FileRows, keep: Mask, known: KnownUnits, cells: _UnitCells, age: Ints
) -> DeclaredMonth:
    """Put the rows that may be stored into the order of units."""
    places = np.unique(filed.unit[keep]).tolist()
    units = sorted(
        ((known.units[filed.codes[place]], place) for place in places),
        key=lambda pair: pair[0].id,
    )
    rank = np.full(len(filed.codes), ABSENT, np.int64)
    for number, (_, place) in enumerate(units):
        rank[place] = number
    kept = np.flatnonzero(keep)
    rows = kept[np.argsort(rank[filed.unit[kept]], kind="stable")]
    people = np.bincount(rank[filed.unit[rows]], minlength=len(units)).astype(np.int64)
    return DeclaredMonth(
        units=tuple(unit for unit, _ in units),
        wage_totals_fen=tuple(cells.given(WAGE_TOTAL, place) for _, place in units),
        unit_figures=tuple(cells.figures(place) for _, place in units),
        starts=starts_of(people),
        people=people,
        line_no=line_numbers(people),
        age=age[rows],
        person_id=filed.person_id[rows],
        wage_fen=filed.wage_fen[rows],
        own_fen={name: column[rows] for name, column in filed.own_fen.items()},
        figures={name: column[rows] for name, column in filed.figures.items()},
        file_row=filed.row[rows],
        categories=known.categories,
    )
