"""The amount due of a month depends on the facts, never on the order in which they became known."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.payout.entitlements.domain.due import MonthlyAmount, Stop, due_fen
from shared.period import Period

JAN = Period.parse("2021-01")
MONTHS = st.integers(0, 11).map(JAN.plus)
AMOUNTS = st.lists(
    st.builds(MonthlyAmount, MONTHS, st.integers(1, 9), st.just("heping")),
    unique_by=lambda amount: amount.since,
    max_size=4,
)
STOPS = st.lists(
    st.tuples(MONTHS, st.none() | st.integers(0, 6)).map(
        lambda stop: Stop(stop[0], None if stop[1] is None else stop[0].plus(stop[1]))
    ),
    max_size=4,
)


@given(AMOUNTS, STOPS, st.randoms(use_true_random=False))
def test_the_order_of_the_facts_changes_nothing(
    amounts: list[MonthlyAmount], stops: list[Stop], random: Random
) -> None:
    due = [due_fen(JAN.plus(index), amounts, stops) for index in range(14)]

    random.shuffle(amounts)
    random.shuffle(stops)
    assert due == [due_fen(JAN.plus(index), amounts, stops) for index in range(14)]


def test_the_amount_that_began_last_counts_outside_of_stops() -> None:
    amounts = [MonthlyAmount(JAN, 100, "heping"), MonthlyAmount(JAN.plus(2), 120, "heping")]
    stops = [Stop(JAN.plus(3), JAN.plus(5)), Stop(JAN.plus(6), JAN.plus(6)), Stop(JAN.plus(8))]
    assert [due_fen(JAN.plus(index), amounts, stops) for index in range(-1, 10)] == [
        *[0, 100, 100, 120, 0, 0, 120, 120, 120],
        *[0, 0],
    ]
