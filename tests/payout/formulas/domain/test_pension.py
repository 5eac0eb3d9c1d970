"""Published pensions, exact to the fen from rows alone; and the parts of the calculation."""

from datetime import date
from typing import Any

import pytest

from services.payout.formulas.domain.pension import AnnuityMonths, average_index
from services.payout.formulas.domain.row import FormulaRowMissing
from shared.errors import Faulty
from shared.money import format_yuan
from tests.payout.support.formulas import examples, quoted

CASES = [
    pytest.param(example, case, id=f"{example['source']['title']} {case['name']}")
    for example in examples("pension")
    for case in example["cases"]
]


@pytest.mark.parametrize(("example", "case"), CASES)
def test_a_published_pension_is_met_to_the_fen(
    example: dict[str, Any], case: dict[str, Any]
) -> None:
    quote = quoted(example["rows"], case["on"], case["benefit"])
    assert {line.id: format_yuan(line.amount_fen) for line in quote.lines} == case["lines"]
    assert format_yuan(quote.total_fen) == case["total"]
    assert not quote.provisional


def test_every_example_names_its_source() -> None:
    sources = {example["source"]["address"] for example in examples("pension")}
    assert len(sources) >= 10
    assert all(example["source"]["title"] for example in examples("pension"))


AVERAGE = {
    "rule": "pension_average",
    "in_force_from": "2024-01-01",
    "in_force_to": "2024-12-31",
    "value": {"amount": "8000.00"},
}
PERSON = {
    "kind": "pension",
    "retirement_month": "2025-06",
    "age_months": 725,
    "paid_months": 179,
    "average_index": "1",
    "account_balance": "0.00",
}


def test_a_figure_not_yet_published_makes_the_quote_provisional() -> None:
    quote = quoted([AVERAGE], "2025-06-30", PERSON)
    assert [row.in_force_from for row in quote.provisional] == [date(2024, 1, 1)]
    assert quote.total_fen == 1193_33
    with pytest.raises(FormulaRowMissing):
        quoted([], "2025-06-30", PERSON)


def test_too_few_years_are_named_with_what_is_required() -> None:
    quote = quoted([AVERAGE], "2025-06-30", PERSON)
    assert not quote.eligible
    assert quote.conditions[0].required == "不少于 15年"
    assert quote.conditions[0].given == "14年11个月"
    assert quoted([AVERAGE], "2025-06-30", PERSON | {"paid_months": 180}).eligible


def test_every_step_names_its_rows_and_rounding() -> None:
    quote = quoted([AVERAGE], "2025-06-30", PERSON)
    by_name = {step.name: step for step in quote.steps}
    basic = by_name["基础养老金"]
    assert basic.formula == "(8000.00 + 8000.00) ÷ 2 × 179 ÷ 12 年 × 1%"
    assert basic.rounding == "四舍五入到分"
    assert {row.rule for step in quote.steps for row in step.rows} == {
        row.rule for row in quote.rows
    }
    assert all(row.source for row in quote.rows)


def test_a_quote_names_its_inputs() -> None:
    inputs = dict(quoted([AVERAGE], "2025-06-30", PERSON).inputs)
    assert (inputs["paid_months"], inputs["index"], inputs["account"]) == ("179", "1", "0.00")
    assert inputs["retirement"] == "2025-06"


def test_deemed_months_may_not_exceed_the_months_paid() -> None:
    with pytest.raises(Faulty) as refused:
        quoted([AVERAGE], "2025-06-30", PERSON | {"deemed_months": 180})
    assert [fault.pointer for fault in refused.value.faults] == ["/deemed_months"]


def test_early_retirement_is_reduced_where_policy_says_so() -> None:
    reduction = {
        "rule": "pension_early_reduction",
        "in_force_from": "2006-01-01",
        "value": {"rate": "0.02", "step": 12, "parts": [{"id": "basic"}]},
    }
    full = quoted([AVERAGE], "2025-06-30", PERSON)
    early = PERSON | {"early_months": 13}
    assert quoted([AVERAGE], "2025-06-30", early).total_fen == full.total_fen
    reduced = quoted([AVERAGE, reduction], "2025-06-30", early)
    assert full.total_fen - reduced.total_fen == 47_73


def test_months_of_the_account_are_interpolated_between_ages() -> None:
    table = AnnuityMonths(months={50: 195, 51: 190, 52: 185}, interpolated=True)
    assert [table.tenths(600 + month) for month in (0, 1, 12)] == [1950, 1946, 1900]
    assert table.tenths(12) == 1950
    assert table.tenths(2000) == 1850
    sixty = AnnuityMonths(months={60: 139, 61: 132}, interpolated=True)
    assert [sixty.tenths(720 + month) for month in (1, 2, 3)] == [1384, 1378, 1373]
    by_year = AnnuityMonths(months={60: 139, 61: 132}, interpolated=False)
    assert by_year.tenths(731) == 1390


def test_an_index_is_the_mean_of_the_months() -> None:
    assert average_index([(4800000, 500000, 12), (7200000, 500000, 12)], 4) == 1_000_000
    assert average_index([(1, 3, 1), (1, 3, 1)], 4) == 333_300
    assert average_index([], 4) == 0
