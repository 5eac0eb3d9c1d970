"""Changes carried into a month, and reviewed bases held against columns: each as by hand, one by one."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.collection.common.domain.rows import ABSENT
from services.collection.filing.domain.changes import (
    PersonWages,
    UnitTotals,
    carried,
    month_of_changes,
)
from services.collection.filing.domain.frozen_bases import ReviewedBases, base_mismatches
from services.collection.filing.domain.month import DeclaredMonth, line_numbers, starts_of, without
from services.collection.filing.domain.roll import PreviousMonth
from services.collection.register.domain.unit import Unit
from shared.period import Period
from tests.collection.support import packs

UNIT = Unit(
    credit_code="91120102MA00000015",
    name="和顺",
    kind="enterprise",
    district="heping",
    injury_class=1,
    collector="tax",
    bank=None,
)
SCHEDULE = packs.read(packs.sound_pack()).schedule("enterprise", 1, period=Period(2021, 7))
PEOPLE = st.integers(1, 12)
FEN = st.integers(0, 2_000_000)
declared_wages = st.builds(
    PersonWages, wage_fen=FEN, own_fen=st.dictionaries(st.sampled_from(SCHEDULE.insurances), FEN)
)


def last_month(people: dict[int, PersonWages]) -> PreviousMonth:
    def column(values: list[Any]) -> Any:
        return np.array(values, np.int64)

    return PreviousMonth(
        units={UNIT.id: UNIT},
        by_default=frozenset(),
        wage_total_fen={UNIT.id: None},
        unit_figures={},
        unit_id=column([UNIT.id] * len(people)),
        person_id=column(list(people)),
        wage_fen=column([one.wage_fen for one in people.values()]),
        own_fen={
            name: column([one.own_fen.get(name, ABSENT) for one in people.values()])
            for name in SCHEDULE.insurances
        },
        figures={},
        age=column([ABSENT] * len(people)),
    )


@given(
    st.dictionaries(PEOPLE, declared_wages),
    st.dictionaries(PEOPLE, declared_wages),
    st.sets(PEOPLE, min_size=1),
)
def test_everybody_enrolled_keeps_the_last_wage_or_is_named(
    july: dict[int, PersonWages], changed: dict[int, PersonWages], enrolled: set[int]
) -> None:
    month = carried(last_month(july), changed, sorted(enrolled))
    whole = july | changed
    assert set(month.people) == enrolled & set(whole)
    assert month.unknown == sorted(enrolled - set(whole))
    assert month.left == len(set(july) - enrolled)
    for person, one in month.people.items():
        assert (one.wage_fen, dict(one.own_fen)) == (
            whole[person].wage_fen,
            dict(whole[person].own_fen),
        )
    stays = [person for person in july if person in enrolled]
    assert list(month.people)[: len(stays)] == stays
    declared = month_of_changes(UNIT, month, UnitTotals(wage_total_fen=5, figures={}), {})
    assert declared.person_id.tolist() == list(month.people)
    assert declared.people.tolist() == [len(month.people)]
    for row, one in enumerate(month.people.values()):
        found = {
            name: int(column[row])
            for name, column in declared.own_fen.items()
            if column[row] != ABSENT
        }
        assert (int(declared.wage_fen[row]), found) == (one.wage_fen, dict(one.own_fen))


pairs = st.tuples(st.integers(1, 4), PEOPLE)
bases = st.lists(st.integers(0, 3_000_000), min_size=2, max_size=2)


@given(st.dictionaries(pairs, bases), st.dictionaries(pairs, bases))
def test_breaches_are_those_that_a_look_at_each_person_finds(
    declared: dict[tuple[int, int], list[int]], reviewed: dict[tuple[int, int], list[int]]
) -> None:
    def columns(of: dict[tuple[int, int], list[int]]) -> tuple[Any, Any, Any]:
        return (
            np.array([unit for unit, _ in of], np.int64),
            np.array([person for _, person in of], np.int64),
            np.array(list(of.values()), np.int64).reshape(len(of), 2),
        )

    unit, person, base = columns(reviewed)
    all_reviewed = ReviewedBases(units={}, unit_id=unit, person_id=person, base_fen=base)
    found = {
        (mismatch.row, mismatch.insurance): mismatch.reviewed_fen
        for mismatch in base_mismatches(all_reviewed, SCHEDULE, *columns(declared))
    }
    floor, ceiling = 336_400, 1_761_300
    expected = {
        (row, name): reviewed[pair][place]
        for row, (pair, fen) in enumerate(declared.items())
        for place, name in enumerate(SCHEDULE.insurances)
        if pair in reviewed and fen[place] != min(max(reviewed[pair][place], floor), ceiling)
    }
    assert found == expected


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.data())
def test_what_is_left_out_leaves_the_others_as_they_stood(sizes: list[int], data: Any) -> None:
    people = {number: PersonWages(wage_fen=number) for number in range(1, sum(sizes) + 1)}
    totals = UnitTotals(wage_total_fen=None, figures={})
    month = carried(last_month(people), {}, list(people))
    one = month_of_changes(UNIT, month, totals, {})
    declared = _split(one, sizes)
    rows = data.draw(st.sets(st.integers(0, len(people) - 1)))
    places = data.draw(st.sets(st.integers(0, len(sizes) - 1)))
    left = without(declared, rows, places)
    expected: list[list[int]] = []
    row = 0
    for place, size in enumerate(sizes):
        mine = [number for number in range(row, row + size) if number not in rows]
        row += size
        if mine and place not in places:
            expected.append(mine)
    assert left.people.tolist() == [len(mine) for mine in expected]
    assert left.file_row.tolist() == [number for mine in expected for number in mine]
    assert left.line_no.tolist() == [
        number for mine in expected for number in range(1, len(mine) + 1)
    ]
    assert left.starts.tolist() == [
        sum(len(mine) for mine in expected[:place]) for place in range(len(expected))
    ]
    assert len(left.units) == len(left.wage_totals_fen) == len(expected)


def _split(month: DeclaredMonth, sizes: list[int]) -> DeclaredMonth:
    """Split the people of one unit among several units."""
    people = np.array(sizes, np.int64)
    return replace(
        month,
        units=(UNIT,) * len(sizes),
        wage_totals_fen=(None,) * len(sizes),
        unit_figures=({},) * len(sizes),
        starts=starts_of(people),
        people=people,
        line_no=line_numbers(people),
    )
