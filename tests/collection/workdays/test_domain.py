"""Faults of a year's workdays, and the days that a change turns."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.collection.common.domain.calendar import SEARCH_DAYS
from services.collection.workdays.domain import RUN_MAX, WorkdayYear, difference, faults_of

YEAR = WorkdayYear(
    year=2027,
    days_off=[date(2027, 1, 1), date(2027, 1, 2), date(2027, 2, 8)],
    workdays=[date(2027, 2, 20)],
    source="国办发明电〔2026〕示例号",
)


def codes(days: WorkdayYear, present: WorkdayYear | None = None) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults_of(days, present)]


def test_a_sound_year_has_no_faults_and_may_name_weekends_of_a_holiday() -> None:
    assert codes(YEAR) == []
    assert codes(YEAR, replace(YEAR, workdays=[])) == []


def test_every_fault_is_named_at_once() -> None:
    days = replace(
        YEAR,
        days_off=[date(2027, 1, 1), date(2027, 1, 1), date(2026, 12, 31), date(2027, 2, 20)],
        workdays=[date(2027, 2, 20), date(2027, 2, 22)],
    )
    assert codes(days) == [
        ("/days_off/2", "DAY_OUTSIDE_YEAR"),
        ("/days_off/1", "DAY_TWICE"),
        ("/workdays/1", "WORKDAY_ALREADY"),
        ("/workdays/0", "DAY_OFF_AND_WORKED"),
    ]


@pytest.mark.parametrize(("last", "expected"), [(21, []), (22, ["DAYS_OFF_TOO_LONG"])])
def test_a_month_always_has_a_workday(last: int, expected: list[str]) -> None:
    off = [date(2027, 1, 9) + timedelta(number) for number in range(last - 8)]
    assert [code for _, code in codes(replace(YEAR, days_off=off))] == expected


def test_two_runs_that_meet_at_new_year_leave_a_due_day_within_reach() -> None:
    assert 2 * RUN_MAX < SEARCH_DAYS


def test_the_same_again_corrects_nothing_but_another_notice_does() -> None:
    known = replace(YEAR, days_off=[date(2027, 1, 1), date(2027, 2, 8)])
    assert codes(YEAR, known) == [("/", "NOTHING_TO_CORRECT")]
    assert codes(replace(YEAR, source="国办发明电〔2027〕示例号"), known) == []


def test_a_change_says_which_days_it_turns() -> None:
    turned = difference(YEAR, None)
    assert turned.to_off == [date(2027, 1, 1), date(2027, 2, 8)]
    assert turned.to_workday == [date(2027, 2, 20)]
    later = replace(YEAR, days_off=[date(2027, 1, 1), date(2027, 1, 4)], workdays=[])
    turned = difference(later, YEAR)
    assert turned.to_off == [date(2027, 1, 4), date(2027, 2, 20)]
    assert turned.to_workday == [date(2027, 2, 8)]
