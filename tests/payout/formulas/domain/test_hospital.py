"""Hospital stays: bands, later admissions, the retired, yearly caps and large sums; sickness; death."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payout.formulas.domain.hospital import HospitalLevelUnknown
from services.payout.formulas.domain.worksheet import BenefitQuote
from shared.errors import Faulty
from shared.money import format_yuan, parse_yuan
from tests.payout.support.formulas import quoted

BEIJING = {
    "rule": "hospital_stay",
    "in_force_from": "2020-01-01",
    "value": {
        "bands_by": "stay",
        "bands_from": "deductible",
        "level_3": {
            "deductibles": [{"amount": "1300.00"}, {"amount": "650.00"}],
            "bands": [
                {"above": "0.00", "rate": "0.85", "retired_rate": "0.91"},
                {"above": "30000.00", "rate": "0.90", "retired_rate": "0.94"},
                {"above": "40000.00", "rate": "0.95", "retired_rate": "0.97"},
            ],
        },
        "caps": {"pool": "100000.00"},
    },
}
LARGE = {
    "rule": "hospital_stay",
    "in_force_from": "2020-01-01",
    "value": {
        "bands_by": "year",
        "bands_from": "zero",
        "level_2": {
            "deductibles": [{"amount": "1000.00"}, {"amount": "0.00"}],
            "bands": [
                {"above": "0.00", "rate": "0.80"},
                {"above": "100000.00", "rate": "0.70", "fund": "large"},
            ],
        },
        "caps": {"large": "5000.00"},
    },
}


def stay(row: dict[str, Any], **facts: Any) -> BenefitQuote:
    return quoted([row], "2025-06-30", {"kind": "hospital"} | facts)


def amounts(quote: BenefitQuote) -> dict[str, str]:
    return {line.id: format_yuan(line.amount_fen) for line in quote.lines}


def test_each_slice_is_paid_at_the_rate_of_its_band() -> None:
    quote = stay(BEIJING, level="3", total="52000.00", own="1500.00", first="500.00")
    # 50,000: 1,300 is the person's, then 28,700 at 85 %, 10,000 at 90 %, 10,000 at 95 %.
    assert amounts(quote) == {"pool": "42895.00"}
    assert {fact.id: fact.value for fact in quote.facts}["person_bears"] == "9105.00"


def test_a_later_admission_and_the_retired_have_their_own_figures() -> None:
    quote = stay(BEIJING, level="3", total="10000.00", admission=3, retired=True)
    assert amounts(quote) == {"pool": "8508.50"}


def test_the_pool_pays_no_more_than_its_cap_in_a_year() -> None:
    quote = stay(BEIJING, level="3", total="50000.00", pool_paid="90000.00")
    assert amounts(quote) == {"pool": "10000.00"}


def test_costs_of_the_year_reach_the_fund_for_large_sums() -> None:
    quote = stay(LARGE, level="2", total="20000.00", admission=2, year_cost="95000.00")
    # 5,000 of the pool at 80 %; 15,000 at 70 % would be 10,500, of which the fund pays 5,000.
    assert amounts(quote) == {"pool": "4000.00", "large": "5000.00"}


def test_a_stay_below_the_deductible_pays_nothing() -> None:
    quote = stay(BEIJING, level="3", total="900.00")
    assert amounts(quote) == {}
    assert {fact.id: fact.value for fact in quote.facts}["person_bears"] == "900.00"


@given(
    total=st.integers(1, 10**8),
    own=st.integers(0, 10**7),
    admission=st.integers(1, 4),
    retired=st.booleans(),
    before=st.integers(0, 2 * 10**7),
    row=st.sampled_from((BEIJING, LARGE)),
)
@settings(max_examples=60, deadline=None)
def test_what_the_funds_pay_and_the_person_bears_is_the_total(
    total: int, own: int, admission: int, retired: bool, before: int, row: dict[str, Any]
) -> None:
    quote = stay(
        row,
        level="3" if row is BEIJING else "2",
        total=format_yuan(total + own),
        own=format_yuan(own),
        admission=admission,
        retired=retired,
        year_cost=format_yuan(before),
    )
    borne = parse_yuan({fact.id: fact.value for fact in quote.facts}["person_bears"])
    assert borne >= own
    assert quote.total_fen + borne == total + own
    assert all(line.amount_fen > 0 for line in quote.lines)


def test_contradictions_are_refused() -> None:
    with pytest.raises(Faulty):
        stay(BEIJING, level="3", total="900.00", own="1000.00")
    with pytest.raises(HospitalLevelUnknown):
        stay(BEIJING, level="1", total="900.00")
    with pytest.raises(Faulty):
        quoted(
            [],
            "2025-06-30",
            {
                "kind": "maternity",
                "average_wage": "1.00",
                "event": "late_miscarriage",
                "children": 2,
            },
        )


AVERAGE = {
    "rule": "pension_average",
    "in_force_from": "2025-01-01",
    "value": {"amount": "8000.00"},
}


def sick(paid: int, month: str) -> BenefitQuote:
    return quoted(
        [AVERAGE],
        "2025-06-30",
        {
            "kind": "sickness",
            "month": month,
            "statutory_month": "2030-06",
            "age_months": 660,
            "paid_months": paid,
            "average_index": "1",
            "account_balance": "17000.00",
        },
    )


def test_sickness_pays_the_pension_near_retirement_and_else_its_basic_part() -> None:
    assert amounts(sick(240, "2025-06")) == {"basic": "1600.00", "account": "100.00"}
    assert amounts(sick(240, "2025-05")) == {"basic": "1600.00"}
    few = sick(61, "2025-06")
    assert amounts(few) == {"basic": "406.67"}
    # 12 months, and 3 for the started sixth year.
    assert [line.months for line in few.lines] == [15]
    assert few.eligible


def test_survivors_of_a_death_by_injury_share_at_most_the_wage() -> None:
    wage = {"rule": "average_wage", "in_force_from": "2024-01-01", "value": {"amount": "6000.00"}}
    body = {"kind": "injury_death", "wage": "5000.00", "spouse": True, "others": 2}
    assert amounts(quoted([wage], "2024-06-30", body))["survivors"] == "5000.00"
    one = body | {"others": 1, "spouse_alone": True}
    assert amounts(quoted([wage], "2024-06-30", one))["survivors"] == "4000.00"


def test_grades_one_to_four_are_paid_monthly_not_below_the_minimum_wage() -> None:
    rows = [
        {"rule": "average_wage", "in_force_from": "2024-01-01", "value": {"amount": "6000.00"}},
        {"rule": "minimum_wage", "in_force_from": "2024-01-01", "value": {"amount": "3300.00"}},
    ]
    quote = quoted(rows, "2024-06-30", {"kind": "injury", "grade": 1, "wage": "5000.00"})
    assert amounts(quote) == {"disability_grant": "135000.00", "disability_allowance": "4500.00"}
    low = quoted(rows, "2024-06-30", {"kind": "injury", "grade": 4, "wage": "3600.00"})
    assert amounts(low) == {"disability_grant": "75600.00", "disability_allowance": "3300.00"}


def test_unemployment_brings_its_medical_premium_for_the_same_months() -> None:
    rows = [
        {"rule": "minimum_wage", "in_force_from": "2024-01-01", "value": {"amount": "2000.00"}},
        {"rule": "medical_base", "in_force_from": "2024-01-01", "value": {"amount": "5000.00"}},
        {"rule": "unemployment_medical", "in_force_from": "2024-01-01", "value": {"rate": "0.10"}},
        {
            "rule": "unemployment_amount",
            "in_force_from": "2024-01-01",
            "value": {"bands": [{"paid_from": 12, "rate": "0.90"}]},
        },
    ]
    body = {"kind": "unemployment", "paid_months": 70, "used_months": 6}
    quote = quoted(rows, "2024-06-30", body)
    assert amounts(quote) == {"benefit": "1800.00", "medical_premium": "500.00"}
    assert quote.total_fen == 12 * 230000
    assert not quoted(rows, "2024-06-30", body | {"paid_months": 11}).eligible
