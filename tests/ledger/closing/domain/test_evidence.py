"""The evidence of closings, computed from balances."""

from services.ledger.closing.domain.closing import ControlTotals
from services.ledger.closing.domain.evidence import (
    benefits_paid,
    memo_totals,
    of_account,
    of_all_years,
    personal_totals,
)
from services.ledger.reports.domain.balance import Sum

PERSONAL = "contribution_income.personal_account"


def test_balances_of_one_account_by_fund_and_district() -> None:
    balances = {
        ("pension", "suspense_receipts", "heping"): -500,
        ("pension", "income_deposit", "heping"): 700,
    }
    assert of_account(balances, "suspense_receipts", sign=-1) == {("pension", "heping"): 500}
    assert of_account(balances, "income_deposit") == {("pension", "heping"): 700}


def test_the_memo_book_is_summed_over_districts() -> None:
    balances = {
        ("pension", "memo_receivable", "heping"): 100,
        ("pension", "memo_receivable", "nankai"): 50,
        ("pension", "memo_collected", "heping"): 30,
    }
    assert memo_totals(balances) == {"pension": ControlTotals(150, 30)}


def test_carry_overs_do_not_hide_what_was_paid_and_received() -> None:
    balances = {("pension", "benefit.basic_pension", "heping"): 0, ("pension", PERSONAL, "x"): 0}
    carried = [
        Sum("statutory", "pension", "benefit.basic_pension", 0, 900),
        Sum("statutory", "pension", PERSONAL, 400, 0),
        Sum("statutory", "pension", "general_surplus", 500, 0),
    ]
    net = of_all_years(balances, carried)
    assert benefits_paid(net) == {"pension": 900}
    assert personal_totals(net, {"pension": 400, "medical": 10}) == {
        "medical": (0, 10),
        "pension": (400, 400),
    }
