"""Personal accounts: interest by the month, injections by age, what makes two bills the same."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.personal.domain import (
    Bill,
    Credit,
    CreditKind,
    InjectionRule,
    Retiree,
    RetireeStatus,
    age_on,
    bill_key,
    injection,
    interest,
)

TIANJIN_2008 = [
    InjectionRule(
        fund="medical",
        standing=standing,
        age_from=low,
        age_to=high,
        yearly_fen=yuan * 100,
        in_force_from=date(2008, 1, 1),
        in_force_to=None,
        source="天津 2008 年政策表",
    )
    for standing, low, high, yuan in [
        (RetireeStatus.ORDINARY, 0, 69, 480),
        (RetireeStatus.ORDINARY, 70, 200, 600),
        (RetireeStatus.FOUNDING, 0, 200, 720),
    ]
]


def test_the_opening_balance_bears_a_year_and_a_credit_the_months_after_its_own() -> None:
    assert interest(100_000, [], 60_000) == 6_000
    assert interest(0, [(1, 100_000)], 60_000) == 5_500
    assert interest(0, [(12, 100_000)], 60_000) == 0
    assert interest(100_000, [(6, 100_000), (9, -50_000)], 60_000) == 6_000 + 3_000 - 750


@given(
    st.integers(0, 10**12),
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 10**9)), max_size=12),
    st.integers(0, 200_000),
)
def test_interest_is_exact_and_rounded_once(
    opening: int, credits: list[tuple[int, int]], rate: int
) -> None:
    exact = Fraction(rate, 1_000_000) * (
        opening + sum(Fraction(12 - month, 12) * fen for month, fen in credits)
    )
    assert abs(interest(opening, credits, rate) - exact) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("born", "standing", "fen"),
    [
        (date(1951, 8, 1), RetireeStatus.ORDINARY, 4_000),  # 69 on 2021-07-01
        (date(1951, 7, 1), RetireeStatus.ORDINARY, 5_000),  # 70 that day
        (date(1928, 1, 1), RetireeStatus.FOUNDING, 6_000),
    ],
)
def test_a_retiree_gets_a_twelfth_of_the_row_of_age_and_standing(
    born: date, standing: RetireeStatus, fen: int
) -> None:
    on = date(2021, 7, 1)
    assert injection(TIANJIN_2008, Retiree(1, born, standing), on) == fen
    assert injection(TIANJIN_2008, Retiree(1, born, standing), date(2007, 12, 31)) is None


def test_age_grows_on_the_birthday() -> None:
    born = date(1951, 7, 15)
    assert [age_on(born, date(2021, 7, day)) for day in (14, 15)] == [69, 70]


def test_a_bill_is_the_same_in_any_order_and_another_when_a_fen_differs() -> None:
    one = Bill(
        id="b1",
        kind=CreditKind.CONTRIBUTION,
        key=bill_key("b1"),
        period="2021-07",
        credited_on=date(2021, 7, 26),
        credits=(Credit(1, "pension", 100), Credit(2, "pension", 200), Credit(1, "medical", 5)),
    )
    assert replace(one, credits=one.credits[::-1]).body_hash == one.body_hash
    assert replace(one, credited_on=date(2021, 7, 27)).body_hash != one.body_hash
    more = (*one.credits[:2], Credit(1, "medical", 6))
    assert replace(one, credits=more).body_hash != one.body_hash
    assert one.totals() == {"pension": (2, 300), "medical": (1, 5)}
