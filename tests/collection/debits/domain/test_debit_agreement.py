"""Agreements: what may be filed, and when a cancellation or a retry counts."""

from datetime import date
from uuid import UUID

import pytest

from services.collection.common.store import shipped as common_shipped_store
from services.collection.debits.domain.debit_agreement import (
    DebitAgreement,
    fault_of_cancellation,
    faults_of,
    workday_after,
    workday_before,
)
from services.collection.debits.domain.retry import RetryRule, bounds_on

DAYS = dict(common_shipped_store.calendar_days())
TODAY = date(2021, 9, 1)


def agreement(**other: object) -> DebitAgreement:
    given = {
        "unit_id": 1,
        "id": UUID(int=1),
        "credit_code": "c",
        "district": "heping",
        "number": "1",
        "bank_code": "city",
        "bank": {},
        "valid_from": date(2021, 1, 4),
        "valid_to": None,
        "limit_fen": None,
        "signed_on": date(2021, 1, 4),
    } | other
    return DebitAgreement(**given)  # type: ignore[arg-type]


def test_every_fault_of_the_days_is_found() -> None:
    assert list(faults_of(agreement(), TODAY)) == []
    wrong = agreement(
        signed_on=date(2021, 9, 2), valid_from=date(2021, 9, 1), valid_to=date(2021, 8, 1)
    )
    assert [one.code for one in faults_of(wrong, TODAY)] == [
        "DAY_IN_FUTURE",
        "VALID_BEFORE_SIGNED",
        "VALID_TO_BEFORE_FROM",
    ]


def test_a_cancellation_is_of_a_day_after_the_signing_and_not_after_today() -> None:
    assert fault_of_cancellation(agreement(), TODAY, TODAY) is None
    for day in (date(2021, 9, 2), date(2021, 1, 3)):
        assert fault_of_cancellation(agreement(), day, TODAY) is not None


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2021, 7, 1), 10, date(2021, 7, 15)),  # two weekends on the way
        (date(2021, 9, 27), 3, date(2021, 9, 30)),
        (date(2021, 9, 30), 1, date(2021, 10, 8)),  # the National Day week is off
        (date(2021, 9, 17), 1, date(2021, 9, 18)),  # a Saturday that was worked
        (date(2021, 7, 1), 0, date(2021, 7, 1)),
    ],
)
def test_workdays_are_counted_by_the_table(day: date, count: int, expected: date) -> None:
    assert workday_after(day, count, DAYS) == expected


def test_both_ways_of_counting_agree() -> None:
    for number in range(60):
        day = date.fromordinal(date(2021, 9, 1).toordinal() + number)
        for count in range(4):
            latest = workday_before(day, count, DAYS)
            assert workday_after(latest, count, DAYS) <= day
            later = date.fromordinal(latest.toordinal() + 1)
            assert workday_after(later, count, DAYS) > day


def test_only_rules_in_force_bound_a_retry() -> None:
    old = RetryRule(
        reason_class="a",
        retries=9,
        after_workdays=0,
        in_force_from=date(2004, 1, 1),
        in_force_to=date(2020, 12, 31),
    )
    new = RetryRule(
        reason_class="a",
        retries=2,
        after_workdays=1,
        in_force_from=date(2021, 1, 1),
        in_force_to=None,
    )
    (bound,) = bounds_on(date(2021, 10, 8), [old, new], DAYS)
    assert (bound.retries, bound.refused_until) == (2, date(2021, 10, 7))
