"""Bought months: each is levied and rounded by itself, and nobody buys a month twice."""

from services.collection.extension.domain import (
    ExtensionMonths,
    month_faults,
    taken_faults,
)
from shared.period import Period


def months(first: str, last: str, base_fen: int = 500_000) -> ExtensionMonths:
    return ExtensionMonths(first=Period.parse(first), last=Period.parse(last), base_fen=base_fen)


def codes(first: str, last: str) -> list[str]:
    return [fault.code for fault in month_faults(months(first, last), Period(2021, 7))]


def test_months_are_counted_over_years() -> None:
    assert months("2019-11", "2021-02").count == 16


def test_months_are_in_order_few_enough_and_not_of_the_future() -> None:
    assert codes("2019-01", "2021-07") == []
    assert codes("2019-02", "2019-01") == ["ENDS_BEFORE_START"]
    assert codes("1990-01", "2021-08") == ["TOO_MANY_MONTHS", "PERIOD_IN_FUTURE"]


def test_a_month_that_is_declared_is_named() -> None:
    taken = ["2018-12", "2019-03", "2019-03", "2019-05"]
    (fault,) = taken_faults(months("2019-01", "2019-04"), taken)
    assert (fault.pointer, fault.code) == ("/first", "MONTHS_DECLARED")
    assert "2019-03" in fault.message
    assert "2019-05" not in fault.message
    assert taken_faults(months("2020-01", "2020-12"), taken) == []
