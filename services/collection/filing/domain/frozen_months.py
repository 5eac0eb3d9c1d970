"""Hold a declared month to what was decided before: a file, a month carried on, one unit's declaration.

Reviewed bases are the bases of their year. An extension (补缴、延长缴费) counts its months, so nobody
pays one of them again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from services.collection.common.domain.rows import ABSENT, OnFault, RowFault
from services.collection.filing.domain.changes import Names
from services.collection.filing.domain.file_rows import (
    FIGURE,
    NUMBER,
    OWN,
    UNIT_FIGURE,
    WAGE,
    WAGE_TOTAL,
)
from services.collection.filing.domain.frozen_bases import (
    CODE,
    BaseMismatch,
    ReviewedBases,
    base_mismatches,
    mismatch_message,
    with_reviewed_totals,
)
from services.collection.filing.domain.month import (
    DeclaredMonth,
    Schedules,
    groups_by_schedule,
    has_own_wages,
    people_figures,
    rows_of,
    unit_ids,
    unit_places,
    wage_columns,
    without,
)
from services.collection.filing.domain.roll import SkippedUnit
from services.collection.levy.domain.columns import levy_people
from services.collection.levy.domain.people_categories import people_categories
from shared.errors import Fault

MESSAGE_MAX = 500
EXTENDED_CODE: Final = "MONTH_EXTENDED"
EXTENDED_MESSAGE: Final = "本月已由补缴或延长缴费计入 (an extension counts the month already)"


def held_file(
    month: DeclaredMonth, reviewed: ReviewedBases, schedules: Schedules, on_fault: OnFault
) -> tuple[DeclaredMonth, list[RowFault]]:
    """Leave out what differs from the reviewed bases; name the row and column of each fault."""
    month, units = with_reviewed_totals(month, reviewed, schedules)
    people = mismatches_of(month, schedules, reviewed)
    faults = [
        RowFault(
            int(month.file_row[month.starts[unit.place]]),
            WAGE_TOTAL if unit.figure is None else UNIT_FIGURE + unit.figure,
            CODE,
            unit.message,
        )
        for unit in units
    ]
    for (row, column), cell in _by_cell(month, people).items():
        faults.append(RowFault(int(month.file_row[row]), column, CODE, mismatch_message(cell)))
    places = {unit.place for unit in units}
    if on_fault is OnFault.SKIP_UNITS:
        place_of = unit_places(month)
        places |= {int(place_of[person.row]) for person in people}
    return without(month, {person.row for person in people}, places), faults


def held_roll(
    month: DeclaredMonth, reviewed: ReviewedBases, schedules: Schedules
) -> tuple[DeclaredMonth, list[SkippedUnit]]:
    """Carry units on with their reviewed totals; skip units with a wage that gives another base
    than the reviewed one."""
    month, _ = with_reviewed_totals(month, reviewed, schedules)
    place_of = unit_places(month)
    by_unit: dict[int, list[BaseMismatch]] = {}
    for mismatch in mismatches_of(month, schedules, reviewed):
        by_unit.setdefault(int(place_of[mismatch.row]), []).append(mismatch)
    skipped = [
        SkippedUnit(
            month.units[place].credit_code, CODE, mismatch_message(mismatches)[:MESSAGE_MAX]
        )
        for place, mismatches in by_unit.items()
    ]
    return without(month, (), by_unit), skipped


def frozen_faults(
    month: DeclaredMonth, reviewed: ReviewedBases, schedules: Schedules, names: Names
) -> list[Fault]:
    """Find the people of one unit who are declared on another base than the reviewed one."""
    own = has_own_wages(month)
    faults = []
    for (row, column), cell in _by_cell(month, mismatches_of(month, schedules, reviewed)).items():
        person = int(month.person_id[row])
        pointer = names.pointer(person, f"/{_member(column, several_wages=bool(own[row]))}")
        faults.append(Fault(pointer, CODE, mismatch_message(cell) + names.suffix(person)))
    return faults


def _by_cell(
    month: DeclaredMonth, mismatches: Sequence[BaseMismatch]
) -> dict[tuple[int, str], list[BaseMismatch]]:
    """Group mismatches by the row and column that give the base."""
    cells: dict[tuple[int, str], list[BaseMismatch]] = {}
    for mismatch in mismatches:
        own = month.own_fen.get(mismatch.insurance)
        if mismatch.figure is not None:
            column = FIGURE + mismatch.figure
        elif own is not None and int(own[mismatch.row]) != ABSENT:
            column = OWN + mismatch.insurance
        else:
            column = WAGE
        cells.setdefault((mismatch.row, column), []).append(mismatch)
    return cells


def _member(column: str, *, several_wages: bool) -> str:
    """Turn a column of a file into the member of a person in a request."""
    for prefix, member in ((OWN, "wages/"), (FIGURE, "figures/")):
        if column.startswith(prefix):
            return member + column.removeprefix(prefix)
    return "wages/*" if several_wages else column


def mismatches_of(
    month: DeclaredMonth, schedules: Schedules, reviewed: ReviewedBases
) -> list[BaseMismatch]:
    """Levy the people of a month and compare their bases with the reviewed ones.

    A category that sets its people's base is not reviewed, so such people are left out.
    """
    wages = wage_columns(month, schedules.insurances)
    unit_id = unit_ids(month)
    categories = people_categories(month.categories, unit_id, month.person_id)
    found: list[BaseMismatch] = []
    for places in groups_by_schedule(month):
        rows = rows_of(month, places)
        schedule = schedules.require(month.units[int(places[0])])
        facts = people_figures(month, schedule, rows, categories)
        if facts.categories is not None:
            rows = rows[facts.categories.code == 0]
            facts = people_figures(month, schedule, rows, None)
        base_fen = levy_people(schedule, wages[rows], facts).base_fen
        found += [
            replace(mismatch, row=int(rows[mismatch.row]))
            for mismatch in base_mismatches(
                reviewed, schedule, unit_id[rows], month.person_id[rows], base_fen
            )
        ]
    return found


def extended_file(
    month: DeclaredMonth, extended: Collection[int], on_fault: OnFault
) -> tuple[DeclaredMonth, list[RowFault]]:
    """Leave these people out of a file, or their units; name the row of each."""
    rows = _rows(month, extended)
    faults = [
        RowFault(int(month.file_row[row]), NUMBER, EXTENDED_CODE, EXTENDED_MESSAGE) for row in rows
    ]
    places = unit_places(month)[rows].tolist() if on_fault is OnFault.SKIP_UNITS else ()
    return without(month, rows, places), faults


def extended_roll(
    month: DeclaredMonth, extended: Collection[int]
) -> tuple[DeclaredMonth, list[SkippedUnit]]:
    """Skip the units of these people: they have to declare without them."""
    places = np.unique(unit_places(month)[_rows(month, extended)]).tolist()
    skipped = [
        SkippedUnit(month.units[place].credit_code, EXTENDED_CODE, EXTENDED_MESSAGE)
        for place in places
    ]
    return without(month, (), places), skipped


def extended_faults(extended: Collection[int], masked: Mapping[int, str]) -> list[Fault]:
    """Name each of these people of one unit by the masked number."""
    return [
        Fault("/people", EXTENDED_CODE, f"{EXTENDED_MESSAGE}: {masked.get(person, '')}")
        for person in sorted(extended)
    ]


def _rows(month: DeclaredMonth, extended: Collection[int]) -> list[int]:
    found: list[int] = np.flatnonzero(np.isin(month.person_id, list(extended))).tolist()
    return found
