"""The statutory retirement month of every birth month, the flexible choice, and the minimum years."""

import json
from typing import Any

import pytest

from services.payout.formulas.domain.retirement import (
    RETIREMENT_AGES,
    OutsideFlexibleRange,
    RetirementAges,
    RetirementCategory,
    retirement_months,
)
from services.payout.formulas.domain.worksheet import BenefitQuote
from shared.period import Period
from tests.payout.support.formulas import DATA, book_of, quoted

TABLE = json.loads((DATA / "retirement.json").read_text("utf-8"))
CATEGORIES = list(RetirementCategory)


def ages() -> RetirementAges:
    day = Period(2026, 1).first_day
    return RETIREMENT_AGES.parse(book_of([]).find("retirement_ages", day).value)[0]


def computed(category: RetirementCategory, birth: str) -> str:
    months = retirement_months(ages(), category, Period.parse(birth))
    years, rest = divmod(months.age_months, 12)
    return f"{birth} {years}-{rest} {months.statutory}"


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_birth_month_of_the_official_table_is_met(category: RetirementCategory) -> None:
    table = TABLE[category.value]
    births = [row.split()[0] for row in table]
    assert (
        len(set(births)) == len(births) == {"men": 144, "women_55": 144, "women_50": 120}[category]
    )
    assert [computed(category, birth) for birth in births] == table


@pytest.mark.parametrize("category", CATEGORIES)
def test_single_published_values_are_met(category: RetirementCategory) -> None:
    for row in TABLE["spots"][category.value]:
        assert computed(category, row.split()[0]) == row


def retire(**given: Any) -> BenefitQuote:
    return quoted([], "2026-01-15", {"kind": "retirement", "category": "men"} | given)


def facts(quote: BenefitQuote) -> dict[str, str]:
    return {fact.id: fact.value for fact in quote.facts}


def test_a_choice_is_three_years_around_but_never_before_the_old_age() -> None:
    early = facts(retire(birth_month="1965-03"))
    assert (early["earliest_month"], early["latest_month"]) == ("2025-03", "2028-04")
    late = facts(retire(birth_month="1980-01"))
    assert (late["earliest_month"], late["statutory_month"], late["latest_month"]) == (
        "2040-01",
        "2043-01",
        "2046-01",
    )
    with pytest.raises(OutsideFlexibleRange):
        retire(birth_month="1965-03", chosen_month="2025-02")
    with pytest.raises(OutsideFlexibleRange):
        retire(birth_month="1980-01", chosen_month="2046-02")


@pytest.mark.parametrize(
    ("chosen", "months"),
    [("2029-12", "180"), ("2030-01", "186"), ("2034-06", "210"), ("2035-01", "216")],
)
def test_the_minimum_years_rise_with_the_year_of_retirement(chosen: str, months: str) -> None:
    birth = str(Period.parse(chosen).plus(-62 * 12))
    assert facts(retire(birth_month=birth, chosen_month=chosen))["minimum_months"] == months


def test_the_minimum_reaches_twenty_years() -> None:
    assert facts(retire(birth_month="1976-01"))["minimum_months"] == "234"
    assert facts(retire(birth_month="1976-12"))["minimum_months"] == "240"
    assert facts(retire(birth_month="1990-12"))["minimum_months"] == "240"


def test_before_2025_the_old_ages_count() -> None:
    old = quoted(
        [], "2024-12-31", {"kind": "retirement", "category": "women_50", "birth_month": "1974-05"}
    )
    assert facts(old)["statutory_month"] == "2024-05"
