"""A month paid at two units counts once; years and the last twelve months are added up."""

from services.collection.contributions.domain import (
    PaidMonth,
    doubled_months,
    last_months_of,
    years_of,
)
from shared.period import Period


def month(text: str, base_fen: int, insurance: str = "pension") -> PaidMonth:
    return PaidMonth(insurance=insurance, period=Period.parse(text), base_fen=base_fen)


def test_a_month_at_two_units_counts_once_at_the_higher_base() -> None:
    months = [month("2021-01", 500), month("2021-01", 700), month("2021-02", 500)]
    (year,) = years_of(months)
    assert (year.insurance, year.year, year.months, year.base_fen) == ("pension", 2021, 2, 1200)


def test_a_month_at_two_units_is_doubled_for_its_insurance() -> None:
    months = [month("2021-01", 500), month("2021-01", 700), month("2021-01", 1, "medical")]
    assert doubled_months(months, "pension") == (Period(2021, 1),)
    assert doubled_months(months, "medical") == ()


def test_years_are_those_of_each_insurance() -> None:
    months = [month("2020-12", 1), month("2021-01", 2), month("2021-01", 3, "medical")]
    assert [(one.insurance, one.year, one.base_fen) for one in years_of(months)] == [
        ("medical", 2021, 3),
        ("pension", 2020, 1),
        ("pension", 2021, 2),
    ]


def test_the_last_twelve_months_are_the_latest() -> None:
    months = [month(f"{2020 + n // 12}-{n % 12 + 1:02d}", n) for n in range(20)]
    last = last_months_of(months)
    assert [one.base_fen for one in last] == list(range(19, 7, -1))
