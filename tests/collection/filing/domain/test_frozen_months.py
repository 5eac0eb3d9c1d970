"""People whose month an extension counts are left out of a file, and their units of a roll."""

from dataclasses import replace

import numpy as np

from services.collection.common.domain.rows import ABSENT, OnFault
from services.collection.filing.domain.frozen_months import (
    extended_faults,
    extended_file,
    extended_roll,
)
from services.collection.filing.domain.month import DeclaredMonth, line_numbers, starts_of
from services.collection.register.domain.unit import Unit

UNIT = Unit(
    credit_code="91120102MA00000015",
    name="和顺",
    kind="enterprise",
    district="heping",
    injury_class=1,
    collector="tax",
    bank=None,
)
OTHER = replace(UNIT, credit_code="91120102MA00000023")


def month() -> DeclaredMonth:
    """People 1 and 2 of one unit, and person 3 of another."""
    people = np.array([2, 1], np.int64)
    return DeclaredMonth(
        units=(UNIT, OTHER),
        wage_totals_fen=(None, None),
        unit_figures=({}, {}),
        starts=starts_of(people),
        people=people,
        line_no=line_numbers(people),
        age=np.full(3, ABSENT, np.int64),
        person_id=np.array([1, 2, 3], np.int64),
        wage_fen=np.array([100, 200, 300], np.int64),
        own_fen={},
        figures={},
        file_row=np.array([2, 3, 4], np.int64),
    )


def test_a_file_leaves_out_the_rows_or_the_units() -> None:
    left, faults = extended_file(month(), {2}, OnFault.REFUSE)
    assert [(fault.row, fault.code) for fault in faults] == [(3, "MONTH_EXTENDED")]
    assert left.person_id.tolist() == [1, 3]
    left, _ = extended_file(month(), {2}, OnFault.SKIP_UNITS)
    assert left.person_id.tolist() == [3]


def test_a_roll_skips_the_unit() -> None:
    left, skipped = extended_roll(month(), {1, 2})
    assert [(unit.credit_code, unit.code) for unit in skipped] == [
        (UNIT.credit_code, "MONTH_EXTENDED")
    ]
    assert left.person_id.tolist() == [3]


def test_one_unit_hears_of_each_person_by_the_masked_number() -> None:
    faults = extended_faults({2, 1}, {1: "1201**", 2: "1202**"})
    assert [fault.message[-6:] for fault in faults] == ["1201**", "1202**"]
