"""Funding plans against the budget of their year."""

import pytest

from services.payout.funding.domain.plan import AccountBudget, excesses

PENSION, FUNERAL = "benefit.basic_pension", "benefit.funeral_grant"


@pytest.mark.parametrize(
    ("asked", "planned", "unplanned", "beyond"),
    [
        (60, 40, 0, False),
        (61, 40, 0, True),
        (60, 40, 1, True),  # money that came without a plan has used the budget too
        (100, 0, 0, False),
    ],
)
def test_plans_and_money_without_a_plan_use_the_budget(
    asked: int, planned: int, unplanned: int, beyond: bool
) -> None:
    budgets = {PENSION: AccountBudget(100, unplanned)}
    found = excesses({PENSION: asked}, {PENSION: planned}, budgets, has_budget=True)
    assert bool(found) is beyond


def test_an_account_without_a_row_has_a_budget_of_zero_where_its_fund_has_one() -> None:
    budgets = {PENSION: AccountBudget(100, 0)}
    [one] = excesses({FUNERAL: 5, PENSION: 5}, {}, budgets, has_budget=True)
    assert str(one) == f"{FUNERAL}: budget=0.00, used=0.00, asked=0.05"
    assert excesses({FUNERAL: 5}, {}, {}, has_budget=False) == []
