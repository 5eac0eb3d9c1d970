"""Rates and months of payment, compared with published figures."""

from datetime import date
from uuid import uuid4

import pytest

from services.ledger.reports.domain.balance import Sum
from services.ledger.reports.domain.measure import (
    accumulated,
    months_hundredths,
    ratio_ppm,
    warnings,
    year_before,
)
from services.ledger.rules.domain.threshold import (
    Comparison,
    Measure,
    Severity,
    Threshold,
    applicable,
)
from shared.money import parse_yuan
from tests.ledger.support.making import shipped

DAY = date(2021, 7, 31)


@pytest.mark.parametrize(
    ("saved", "paid", "months"),
    [
        ("37519.11", "18564.02", 2425),  # 企业养老
        ("5513.89", "2009.09", 3293),  # 事业养老
        ("982.61", "1482.46", 795),  # 医疗个人账户
        ("925.63", "2253.49", 493),  # 公务员医疗补助
        ("-100.00", "1200.00", -100),  # a deficit lasts less than nothing
        ("100.00", "0.00", None),
    ],
)
def test_months_of_payment_are_savings_over_a_twelfth_of_the_year(
    saved: str, paid: str, months: int | None
) -> None:
    assert months_hundredths(parse_yuan(saved), parse_yuan(paid)) == months


@pytest.mark.parametrize(
    ("part", "whole", "rounded"),
    [("55163.00", "62136.00", 887_778), ("40489.00", "40719.00", 994_352), ("1.00", "0.00", None)],
)
def test_a_rate_is_exact_to_a_millionth(part: str, whole: str, rounded: int | None) -> None:
    assert ratio_ppm(parse_yuan(part), parse_yuan(whole)) == rounded


def test_savings_are_assets_without_liabilities() -> None:
    sums = [
        Sum("statutory", "pension", "fiscal_deposit", 900, 100),
        Sum("statutory", "pension", "suspense_receipts", 0, 30),
        Sum("statutory", "pension", "contribution_income.pooled", 0, 770),
        Sum("memo", "pension", "memo_receivable", 5_000, 0),
    ]
    assert accumulated(shipped(), sums, DAY) == {"pension": 770}


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2021, 7, 31), date(2020, 8, 1)),
        (date(2021, 12, 31), date(2021, 1, 1)),
        (date(2020, 2, 28), date(2019, 3, 1)),
        (date(2021, 2, 28), date(2020, 3, 1)),
    ],
)
def test_the_year_before_a_day_is_twelve_months_that_end_with_it(day: date, first: date) -> None:
    assert year_before(day) == first


def threshold(
    severity: str,
    value: int,
    fund: str = "*",
    begins: date = date(2000, 1, 1),
    measure: str = "months_of_capacity",
    comparison: str = "below",
) -> Threshold:
    return Threshold(
        id=uuid4(),
        measure=Measure(measure),
        fund=fund,
        severity=Severity(severity),
        comparison=Comparison(comparison),
        value=value,
        in_force_from=begins,
        in_force_to=None,
        source="test",
        certainty="G",
        recorded_by="test",
    )


def test_the_most_severe_crossed_threshold_is_returned() -> None:
    rows = [threshold("warning", 900), threshold("alarm", 300)]
    values: dict[Measure, dict[str, int | None]] = {
        Measure.MONTHS_OF_CAPACITY: {"a": 1_000, "b": 900, "c": 899, "d": 299, "e": None}
    }
    found = warnings(rows, values, DAY)
    assert [(one.fund, one.threshold.severity) for one in found] == [
        ("c", "warning"),
        ("d", "alarm"),
    ]


def test_a_row_for_one_fund_replaces_the_row_for_all() -> None:
    rows = [threshold("warning", 900), threshold("warning", 100, "a")]
    values: dict[Measure, dict[str, int | None]] = {
        Measure.MONTHS_OF_CAPACITY: {"a": 500, "b": 500}
    }
    assert [one.fund for one in warnings(rows, values, DAY)] == ["b"]


def test_a_correction_replaces_the_row_from_its_day_on_and_not_before() -> None:
    old, new = threshold("warning", 900), threshold("warning", 600, begins=date(2021, 7, 1))
    assert applicable([old, new], date(2021, 6, 30)) == [old]
    assert applicable([old, new], date(2021, 7, 1)) == [new]
    again = threshold("warning", 650, begins=date(2021, 7, 1))
    assert applicable([old, new, again], date(2021, 7, 1)) == [again]
