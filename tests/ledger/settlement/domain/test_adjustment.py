"""The adjustment fund: 10 % of last year up to 15 % of this year; 30 % of a gap, pro rata."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.settlement.domain.adjustment import (
    AdjustmentRule,
    AdjustmentTotals,
    GrantRequest,
    capped,
    due,
    grants,
)

RULE = AdjustmentRule(
    fund="medical",
    paid_up_ppm=100_000,
    size_cap_ppm=150_000,
    gap_share_ppm=300_000,
    in_force_from=date(2009, 1, 1),
    in_force_to=None,
    source="黄政〔〕13号",
    certainty="S",
)


@pytest.mark.parametrize(
    ("last", "this", "paid_up", "this_year", "expected"),
    [
        (1_000, 1_200, 0, 0, 100),  # a tenth of last year's collection
        (1_000, 1_200, 100, 0, 80),  # 15 % of 1,200 is 180: 80 of room is left
        (1_000, 1_200, 180, 0, 0),  # full
        (1_000, 1_200, 500, 0, 0),  # overfull asks for nothing back
        (1_000, 1_200, 60, 60, 40),  # the rest of this year's tenth
        (999, 9_999, 0, 0, 99),  # a cap is never rounded up
    ],
)
def test_what_is_paid_up_is_a_share_of_last_year_until_the_fund_is_full(
    last: int, this: int, paid_up: int, this_year: int, expected: int
) -> None:
    books = AdjustmentTotals(
        last_year_fen=last, this_year_fen=this, paid_up_fen=paid_up, paid_up_this_year_fen=this_year
    )
    assert due(RULE, books) == expected


def request(gap: int, surplus: int = 0, **changes: Any) -> GrantRequest:
    values: dict[str, Any] = {"follows_policy": True, "paid_up_in_full": True, "met_targets": True}
    return GrantRequest(
        fund="medical", district="heping", gap_fen=gap, own_surplus_fen=surplus, **values | changes
    )


def test_a_grant_covers_thirty_percent_of_the_gap_and_only_after_the_own_surplus() -> None:
    assert capped(RULE, request(1_000)) == 300
    assert capped(RULE, request(1_000, 600)) == 300
    assert capped(RULE, request(1_000, 800)) == 200
    assert capped(RULE, request(1_000, 1_000)) == 0


@pytest.mark.parametrize("failed", ["follows_policy", "paid_up_in_full", "met_targets"])
def test_a_district_that_misses_a_condition_gets_nothing(failed: str) -> None:
    assert capped(RULE, request(1_000, **{failed: False})) == 0


def test_a_small_fund_is_shared_pro_rata() -> None:
    requests = [request(1_000), request(2_000), request(1_000, met_targets=False)]
    assert grants(RULE, requests, 900) == [300, 600, 0]
    assert grants(RULE, requests, 300) == [100, 200, 0]
    assert grants(RULE, requests, 0) == [0, 0, 0]


@given(
    st.lists(st.builds(request, st.integers(0, 10**9), st.integers(0, 10**9)), max_size=20),
    st.integers(-(10**6), 10**9),
)
def test_grants_never_exceed_the_fund_or_a_cap(
    requests: list[GrantRequest], available_fen: int
) -> None:
    given_fen = grants(RULE, requests, available_fen)
    caps = [capped(RULE, one) for one in requests]
    assert sum(given_fen) == min(sum(caps), max(0, available_fen))
    assert all(0 <= one <= cap for one, cap in zip(given_fen, caps, strict=True))
