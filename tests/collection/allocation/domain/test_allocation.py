"""One ticket: every fen of a receipt lands on a line or in suspense, whatever the order."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.collection.allocation.domain.allocation import (
    allocate_receipts,
    settle,
)
from services.collection.allocation.domain.division import settled_by_line
from services.collection.policy.domain.charge import Span
from shared.money import allot
from tests.collection.support.rules.receipts import bill, receipt

amounts = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@given(amounts, st.data())
def test_what_is_settled_sums_up_and_no_line_gets_more_than_it_asks(
    owed: list[int], data: st.DataObject
) -> None:
    paid = data.draw(st.integers(0, sum(owed)))
    got = settled_by_line(paid, owed)
    assert sum(got) == paid
    assert all(0 <= part <= amount for part, amount in zip(got, owed, strict=True))


@given(amounts, st.data())
def test_no_line_shrinks_when_more_is_paid(owed: list[int], data: st.DataObject) -> None:
    less = data.draw(st.integers(0, sum(owed)))
    more = data.draw(st.integers(less, sum(owed)))
    pairs = zip(settled_by_line(less, owed), settled_by_line(more, owed), strict=True)
    assert all(before <= after for before, after in pairs)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=12), st.data())
def test_a_part_payment_is_in_proportion_to_within_three_fen(
    owed: list[int], data: st.DataObject
) -> None:
    paid = data.draw(st.integers(0, sum(owed)))
    for part, amount in zip(settled_by_line(paid, owed), owed, strict=True):
        assert abs(part * sum(owed) - paid * amount) <= 3 * sum(owed)


def test_two_lines_are_divided_by_largest_remainder() -> None:
    assert settled_by_line(100, [200, 100]) == [67, 33]


def test_dividing_all_lines_at_once_would_take_back_what_a_line_has_got() -> None:
    """Why two parts at a time: by plain largest remainder the third line of 6, 6, 2 gets a fen of
    the first 10 and loses it again when the eleventh comes."""
    assert [allot(paid, [6, 6, 2])[2] for paid in (10, 11)] == [2, 1]
    assert [settled_by_line(paid, [6, 6, 2])[2] for paid in (10, 11)] == [1, 1]


@given(amounts, st.integers(1, 10**11))
def test_full_payment_settles_every_line_and_the_rest_is_excess(
    owed: list[int], more_fen: int
) -> None:
    whole = bill(owed)
    after, shares, excess_fen = settle(whole, whole.total_fen + more_fen)
    assert after.status == "settled"
    assert excess_fen == more_fen
    assert {share.line.line_no: share.amount_fen for share in shares} == {
        i: amount for i, amount in enumerate(owed) if amount
    }


def test_lines_of_an_agreement_are_paid_after_all_others() -> None:
    whole = bill([2400_00, 1200_00, 170_00])
    pension = whole.lines[0]._replace(insurance="pension")
    deferral = ("pension", Span(date(2021, 8, 12), date(2021, 11, 30)))
    whole = replace(whole, lines=(pension, *whole.lines[1:]), agreed=(deferral,))
    assert whole.agreed_on(date(2021, 12, 1)) == set()
    last = whole.agreed_on(date(2021, 8, 20))
    due, _, _ = settle(whole, 1370_00, last=last)
    assert due.line_settled_fen == (0, 1200_00, 170_00), "what is due is paid"
    part, _, _ = settle(whole, 685_00, last=last)
    assert part.line_settled_fen == (0, 600_00, 85_00)
    more, _, rest_fen = settle(due, 2500_00, last=last)
    assert (more.status, rest_fen) == ("settled", 100_00)
    later, _, _ = settle(due, 1000_00)
    assert later.line_settled_fen == (1000_00, 1200_00, 170_00), "after the deferral"


@given(amounts, st.lists(st.integers(1, 10**9), min_size=1, max_size=6), st.randoms())
def test_any_order_of_receipts_gives_the_same_end_state(owed, payments, random) -> None:
    receipts = [receipt(str(i), amount) for i, amount in enumerate(payments)]
    shuffled = list(receipts)
    random.shuffle(shuffled)
    one, one_bills = allocate_receipts(receipts, [bill(owed)])
    other, other_bills = allocate_receipts(shuffled, [bill(owed)])
    assert one_bills == other_bills
    assert sum(b.suspended_fen for b in one) == sum(b.suspended_fen for b in other)


@given(
    amounts,
    amounts,
    st.lists(st.tuples(st.sampled_from(["2021-07", "2021-08"]), st.integers(1, 10**9)), max_size=8),
    st.randoms(),
)
def test_nothing_of_a_billed_period_moves_to_another(july, august, payments, random) -> None:
    bills = [bill(july), bill(august, period="2021-08", number=2)]
    receipts = [receipt(str(i), amount, period) for i, (period, amount) in enumerate(payments)]
    shuffled = list(receipts)
    random.shuffle(shuffled)
    _, changed = allocate_receipts(receipts, bills)
    assert sorted(changed, key=lambda b: b.id) == sorted(
        allocate_receipts(shuffled, bills)[1], key=lambda b: b.id
    )
    for after in changed:
        paid = sum(amount for period, amount in payments if period == after.period)
        assert after.settled_fen == min(paid, after.total_fen)


@given(st.lists(amounts, max_size=4), st.lists(st.integers(1, 10**9), max_size=8))
def test_every_fen_is_allocated_or_suspended(owed, payments) -> None:
    bills = [bill(one, period=f"2021-0{i + 1}", number=i) for i, one in enumerate(owed)]
    receipts = [receipt(str(i), amount, "2021-09") for i, amount in enumerate(payments)]
    bookings, changed = allocate_receipts(receipts, bills)
    for booking in bookings:
        assert booking.allocated_fen + booking.suspended_fen == booking.receipt.incoming.amount_fen
    assert sum(b.allocated_fen for b in bookings) == sum(b.settled_fen for b in changed)
    for after in changed:
        assert sum(after.line_settled_fen) == after.settled_fen <= after.total_fen


def test_money_of_a_period_without_a_bill_settles_the_oldest_open_one() -> None:
    bills = [bill([10], period="2021-08", number=2), bill([10], period="2021-06", number=1)]
    (booking,), _ = allocate_receipts([receipt("a", 10, "2021-09")], bills)
    assert booking.bill is not None
    assert booking.bill.period == "2021-06"


def test_money_of_an_unknown_payer_is_suspended_whole() -> None:
    (booking,), changed = allocate_receipts([receipt("a", 10, payer=None)], [bill([10])])
    assert (booking.bill, booking.suspended_fen, changed) == (None, 10, [])


def test_money_of_a_month_pays_its_first_bill_and_then_its_adjustments() -> None:
    first, adjustment = bill([100, 50]), replace(bill([30], number=2), kind="adjustment")
    [part, rest], changed = allocate_receipts(
        [receipt("1", 160), receipt("2", 25)], [adjustment, first]
    )
    assert [(one.bill.id.int, one.amount_fen) for one in part.contributions] == [(1, 150), (2, 10)]
    assert [(one.bill.id.int, one.amount_fen) for one in rest.contributions] == [(2, 20)]
    assert (part.suspended_fen, rest.suspended_fen) == (0, 5)
    assert {one.id.int: one.status for one in changed} == {1: "settled", 2: "settled"}
