"""A person's inputs follow from the paid months and the personal account."""

from datetime import date
from typing import Any

import pytest

from services.payout.formulas.domain.person import (
    DeathQuestion,
    InjuryQuestion,
    PensionQuestion,
    PersonQuestion,
    PersonRecord,
    PersonYear,
    UnemploymentQuestion,
    doubled_months,
    quote_person,
)
from services.payout.formulas.domain.retirement import OutsideFlexibleRange, RetirementCategory
from services.payout.formulas.domain.worksheet import BenefitQuote
from shared.errors import Faulty, Forbidden
from shared.money import format_yuan
from shared.period import Period
from shared.roles import Caller, Role
from tests.payout.support.formulas import book_of


def figure(rule: str, amount: str, first: str, last: str | None = None) -> dict[str, Any]:
    return {
        "rule": rule,
        "in_force_from": first,
        "in_force_to": last,
        "value": {"amount": amount},
    }


ROWS = [
    figure("pension_average", "8000.00", "2025-01-01"),
    figure("index_wage", "5000.00", "2023-01-01", "2023-12-31"),
    figure("index_wage", "6000.00", "2024-01-01", "2024-12-31"),
    figure("average_wage", "8000.00", "2024-01-01"),
    figure("minimum_wage", "2000.00", "2024-01-01"),
    figure("urban_income_month", "4000.00", "2024-01-01"),
    {
        "rule": "unemployment_amount",
        "in_force_from": "2024-01-01",
        "value": {"bands": [{"paid_from": 12, "rate": "0.70"}]},
    },
]
RECORD = PersonRecord(
    person="p",
    districts=("heping",),
    birth=Period(1965, 3),
    is_female=False,
    years=(
        PersonYear(insurance="pension", year=2023, months=12, bases_fen=12 * 500000),
        PersonYear(insurance="pension", year=2024, months=6, bases_fen=6 * 900000),
        PersonYear(insurance="unemployment", year=2023, months=12, bases_fen=12 * 500000),
    ),
    last_bases_fen={"work_injury": (500000, 600000)},
    account_fen=1384000,
)


def asked(question: PersonQuestion, record: PersonRecord = RECORD) -> BenefitQuote:
    return quote_person(book_of(ROWS), date(2025, 6, 30), record, question)


def amounts(quote: BenefitQuote) -> dict[str, str]:
    return {line.id: format_yuan(line.amount_fen) for line in quote.lines}


def test_a_pension_takes_months_index_and_balance_from_the_records() -> None:
    quote = asked(PensionQuestion(deemed_months=162))
    by_name = {step.name: step for step in quote.steps}
    assert by_name["退休月"].result == "2025-04,60岁1个月"
    # 12 months at an index of 1, and 6 at 1.5.
    assert by_name["平均缴费指数"].result == "1.1667"
    assert by_name["个人账户储存额"].result == "13840.00 元"
    assert amounts(quote) == {"basic": "1300.02", "account": "100.00"}
    assert quote.eligible
    assert "index_wage" in {row.rule for row in quote.rows}


def test_a_choice_outside_the_range_is_refused_and_an_early_one_counts_its_months() -> None:
    with pytest.raises(OutsideFlexibleRange):
        asked(PensionQuestion(chosen=Period(2025, 2)))
    early = asked(PensionQuestion(chosen=Period(2025, 3)))
    assert {step.name: step for step in early.steps}["退休月"].result == "2025-03,60岁"


def test_the_category_of_a_woman_must_be_given_and_never_contradicts_the_number() -> None:
    woman = PersonRecord(
        person="p",
        districts=(),
        birth=Period(1975, 1),
        is_female=True,
        years=RECORD.years,
        last_bases_fen={},
        account_fen=0,
    )
    for category in (None, RetirementCategory.MEN):
        with pytest.raises(Faulty):
            asked(PensionQuestion(category=category), woman)
    quote = asked(PensionQuestion(category=RetirementCategory.WOMEN_50), woman)
    assert {step.name: step for step in quote.steps}["退休月"].result == "2025-02,50岁1个月"
    with pytest.raises(Faulty):
        asked(PensionQuestion(category=RetirementCategory.WOMEN_55))


def test_other_benefits_take_their_months_and_wages_from_the_records() -> None:
    assert amounts(asked(UnemploymentQuestion())) == {"benefit": "1400.00"}
    assert amounts(asked(DeathQuestion())) == {"funeral": "8000.00", "grant": "12000.00"}
    assert amounts(asked(InjuryQuestion(grade=10))) == {"disability_grant": "38500.00"}
    without = PersonRecord(
        person="p",
        districts=(),
        birth=None,
        is_female=None,
        years=(),
        last_bases_fen={},
        account_fen=0,
    )
    for question in (
        InjuryQuestion(grade=10),
        PensionQuestion(category=RetirementCategory.MEN),
    ):
        with pytest.raises(Faulty):
            asked(question, without)
    assert not asked(UnemploymentQuestion(), without).eligible


def test_a_district_sees_only_people_of_its_own_units() -> None:
    RECORD.require_own(Caller(subject="a", role=Role.DISTRICT_CLERK, district="heping"))
    RECORD.require_own(Caller(subject="a", role=Role.CENTRE_LEADER))
    with pytest.raises(Forbidden):
        RECORD.require_own(Caller(subject="a", role=Role.DISTRICT_CLERK, district="dongli"))


def _years(months: dict[int, int], insurance: str = "pension") -> list[PersonYear]:
    return [
        PersonYear(insurance=insurance, year=year, months=count, bases_fen=1)
        for year, count in months.items()
    ]


@pytest.mark.parametrize(
    ("paid", "brought", "doubled"),
    [
        ({2013: 12, 2014: 12}, {2013: 12, 2014: 12}, 24),
        ({2013: 12, 2014: 5}, {2014: 7, 2015: 12}, 0),
        ({2014: 8}, {2014: 7}, 3),
        ({2014: 14}, {2015: 12}, 0),
        ({2014: 14}, {2014: 1}, 1),
    ],
)
def test_months_of_letters_beyond_a_full_year_are_doubled(
    paid: dict[int, int], brought: dict[int, int], doubled: int
) -> None:
    assert doubled_months(_years(paid), _years(brought), "pension") == doubled
    assert doubled_months(_years(paid), _years(brought, "medical"), "pension") == 0


def test_two_parts_of_a_letter_that_state_a_year_double_it() -> None:
    twice = [*_years({2019: 12}), *_years({2019: 12})]
    assert doubled_months([], twice, "pension") == 12
