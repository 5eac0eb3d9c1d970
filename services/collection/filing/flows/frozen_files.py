"""Reviewed bases in the bulk paths: what of a file, of a roll, of a month's changes keeps to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from services.collection.common.domain.rows import ABSENT, OnFault, RowFault
from services.collection.filing.domain.check import Schedules, Taken
from services.collection.filing.domain.frozen_bases import (
    CODE,
    Breach,
    FrozenYear,
    breaches,
    told,
    with_units,
    without,
)
from services.collection.filing.domain.roll import LeftOut
from services.collection.filing.domain.rows import FIGURE, OWN, UNIT_FIGURE, WAGE, WAGE_TOTAL
from services.collection.filing.flows import columns as columns_flow
from services.collection.filing.flows.frozen_bases import at_unit
from services.collection.levy.domain.columns import levy_people
from services.collection.levy.domain.people_categories import people_categories
from shared.errors import Fault, Refusal


def in_file(
    taken: Taken, year: FrozenYear, schedules: Schedules, on_fault: OnFault
) -> tuple[Taken, list[RowFault]]:
    """What of a file keeps to the reviewed bases, and what does not, by row and column."""
    taken, units = with_units(year, taken, schedules)
    found = breached(taken, schedules, year)
    faults = [
        RowFault(
            int(taken.row[taken.starts[wrong.place]]),
            WAGE_TOTAL if wrong.figure is None else UNIT_FIGURE + wrong.figure,
            CODE,
            wrong.message,
        )
        for wrong in units
    ]
    for (row, column), wrong_ones in _cells(taken, found).items():
        faults.append(RowFault(int(taken.row[row]), column, CODE, told(wrong_ones)))
    unit_of = np.repeat(np.arange(len(taken.units), dtype=np.int64), taken.people)
    places = {wrong.place for wrong in units}
    if on_fault is OnFault.SKIP_UNITS:
        places |= {int(unit_of[breach.row]) for breach in found}
    return without(taken, {breach.row for breach in found}, places), faults


def _cells(taken: Taken, found: Sequence[Breach]) -> dict[tuple[int, str], list[Breach]]:
    """The breaches by the cell that says the base."""
    cells: dict[tuple[int, str], list[Breach]] = {}
    for breach in found:
        own = taken.own_fen.get(breach.insurance)
        if breach.figure is not None:
            column = FIGURE + breach.figure
        elif own is not None and int(own[breach.row]) != ABSENT:
            column = OWN + breach.insurance
        else:
            column = WAGE
        cells.setdefault((breach.row, column), []).append(breach)
    return cells


def in_roll(taken: Taken, year: FrozenYear, schedules: Schedules) -> tuple[Taken, list[LeftOut]]:
    """What is carried on, on the units' reviewed totals; units of whom somebody's wage gives another
    base than the reviewed one are left out."""
    taken, _ = with_units(year, taken, schedules)
    unit_of = np.repeat(np.arange(len(taken.units), dtype=np.int64), taken.people)
    wrong: dict[int, list[Breach]] = {}
    for breach in breached(taken, schedules, year):
        wrong.setdefault(int(unit_of[breach.row]), []).append(breach)
    left_out = [
        LeftOut(taken.units[place].credit_code, CODE, told(found)[:500])
        for place, found in wrong.items()
    ]
    return without(taken, (), wrong), left_out


def in_changes(
    taken: Taken,
    year: FrozenYear,
    schedules: Schedules,
    places: Mapping[int, int],
    names: Mapping[int, str],
) -> tuple[Taken, list[Fault]]:
    """One unit's month on its reviewed total, and who is declared on another base than the reviewed
    one; `places` says where a person stands among those given, `names` how the others are called."""
    taken, units = with_units(year, taken, schedules)
    faults = [Fault(at_unit(wrong.figure), CODE, wrong.message) for wrong in units]
    for (row, column), found in _cells(taken, breached(taken, schedules, year)).items():
        person = int(taken.person_id[row])
        if person in places:
            faults.append(Fault(f"/people/{places[person]}/{_member(column)}", CODE, told(found)))
        else:
            faults.append(Fault("/people", CODE, f"{told(found)}: {names.get(person, '')}"))
    return taken, faults


def _member(column: str) -> str:
    """A column of a file as a member of a person."""
    for prefix, member in ((OWN, "wages/"), (FIGURE, "figures/")):
        if column.startswith(prefix):
            return member + column.removeprefix(prefix)
    return column


def breached(taken: Taken, schedules: Schedules, year: FrozenYear) -> list[Breach]:
    """Where people are declared on other bases than those that were reviewed for the year."""
    asked = columns_flow.asked_of(taken, schedules.insurances)
    unit_id = columns_flow.unit_ids(taken)
    standings = people_categories(taken.standings, unit_id, taken.person_id)
    found: list[Breach] = []
    for places in columns_flow.alike(taken):
        rows = columns_flow.rows_of(taken, places)
        schedule = schedules.of(taken.units[int(places[0])])
        assert not isinstance(schedule, Refusal), "units without a schedule were left out"
        beside = columns_flow.beside_of(taken, schedule, rows, standings)
        if beside.standings is not None:  # whose base a category says is not reviewed
            rows = rows[beside.standings.code == 0]
            beside = columns_flow.beside_of(taken, schedule, rows, None)
        base_fen = levy_people(schedule, asked[rows], beside).base_fen
        found += [
            replace(breach, row=int(rows[breach.row]))
            for breach in breaches(year, schedule, unit_id[rows], taken.person_id[rows], base_fen)
        ]
    return found
