"""Due days move to workdays that a table knows; otherwise the answer is marked as an estimate."""

from datetime import date

import chinese_calendar
import pytest

from services.collection.common.domain.calendar import due_day, settled_due_day
from services.collection.common.store import shipped as common_shipped_store
from shared.period import Period

WORKDAYS = dict(common_shipped_store.calendar_days())


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2021-07", date(2021, 8, 25)),  # a Wednesday
        ("2021-08", date(2021, 9, 26)),  # the 25th is a Saturday, the 26th was worked on
        ("2021-11", date(2021, 12, 27)),  # a weekend
        ("2023-12", date(2024, 1, 25)),
        ("2024-12", date(2025, 1, 26)),  # Saturday 25th, then a Sunday that was worked on
    ],
)
def test_a_due_day_falls_on_a_workday(period: str, expected: date) -> None:
    found = due_day(Period.parse(period), 25, WORKDAYS)
    assert found.day == expected
    assert not found.estimated


def test_a_day_outside_the_table_is_estimated_and_says_so() -> None:
    found = due_day(Period.parse("2030-05"), 15, WORKDAYS)
    assert found.day == date(2030, 6, 17)  # the 15th is a Saturday
    assert found.estimated


def test_a_short_month_gives_its_last_day() -> None:
    assert due_day(Period.parse("2022-01"), 31, WORKDAYS).day == date(2022, 2, 28)


def test_the_shipped_table_is_the_national_one() -> None:
    assert WORKDAYS[date(2004, 1, 1)] is False
    assert max(WORKDAYS) == date(2026, 12, 31)
    assert all(working == chinese_calendar.is_workday(day) for day, working in WORKDAYS.items())
    for make_up in (date(2026, 1, 4), date(2026, 2, 14), date(2026, 10, 10)):
        assert WORKDAYS[make_up]


def test_a_settled_due_day_is_never_earlier_than_the_printed_one() -> None:
    printed = date(2027, 1, 27)
    assert settled_due_day(date(2027, 1, 25), printed) == printed
    assert settled_due_day(date(2027, 1, 29), printed) == date(2027, 1, 29)
