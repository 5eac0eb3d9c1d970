"""The days that the books take entries on."""

from datetime import date

import pytest

from shared.book_days.open_day import BookDays, DayBeforeChart, DayClosed

CLOSED = BookDays(date(2021, 7, 31), date(1999, 7, 1))


def test_a_fact_of_a_closed_day_is_booked_on_the_first_open_day() -> None:
    day = CLOSED.fact_day(date(2021, 7, 20))
    assert day.book_date == date(2021, 8, 1)
    assert day.value_date == date(2021, 7, 20)


def test_a_fact_of_an_open_day_is_booked_on_its_day() -> None:
    assert CLOSED.fact_day(date(2021, 8, 3)) == (date(2021, 8, 3), date(2021, 8, 3))


def test_a_chosen_day_must_be_open_and_the_refusal_names_the_first_open_day() -> None:
    assert CLOSED.chosen_day(date(2021, 8, 1)) == date(2021, 8, 1)
    with pytest.raises(DayClosed) as refused:
        CLOSED.chosen_day(date(2021, 7, 31), "/decided_on")
    assert refused.value.facts["first_open_day"] == "2021-08-01"
    assert refused.value.faults[0].pointer == "/decided_on"


def test_no_chart_knows_a_day_before_its_first() -> None:
    for take in (CLOSED.fact_day, CLOSED.chosen_day):
        with pytest.raises(DayBeforeChart):
            take(date(1999, 6, 30))


def test_every_day_is_open_until_the_ledger_has_answered() -> None:
    assert BookDays().chosen_day(date(1999, 6, 30)) == date(1999, 6, 30)
