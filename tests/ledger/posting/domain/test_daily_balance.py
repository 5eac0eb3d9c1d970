"""Balances by day: what a movement may take is the least of its day's and all later balances."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.posting.domain.daily_balance import DailyBalance

FIRST = date(2021, 7, 1)
days = st.integers(0, 20).map(lambda number: FIRST + timedelta(days=number))
changes = st.lists(st.tuples(days, st.integers(-(10**6), 10**6)), max_size=30)


@given(posted=changes, day=days)
def test_the_least_balance_equals_a_plain_sum_of_every_day(
    posted: list[tuple[date, int]], day: date
) -> None:
    balance = DailyBalance()
    for on, fen in posted:
        balance.add(on, fen)
    last = FIRST + timedelta(days=20)
    ends = [day + timedelta(days=number) for number in range((last - day).days + 1)]
    assert balance.least_from(day) == min(
        sum(fen for on, fen in posted if on <= end) for end in ends
    )
    assert balance.last_fen == sum(fen for _, fen in posted)


@given(posted=changes, day=days)
def test_loaded_days_equal_posted_days(posted: list[tuple[date, int]], day: date) -> None:
    balance, by_day = DailyBalance(), dict[date, int]()
    for on, fen in posted:
        balance.add(on, fen)
        by_day[on] = by_day.get(on, 0) + fen
    assert DailyBalance(by_day.items()).least_from(day) == balance.least_from(day)


def test_a_copy_changes_independently() -> None:
    balance = DailyBalance([(FIRST, 100)])
    copy = balance.copy()
    copy.add(FIRST, -100)
    assert (balance.last_fen, copy.last_fen) == (100, 0)
