"""The orders in which payments are allocated, and those in which the order of receipts does not
matter."""

import random as randomly
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.allocation.domain.allocation import (
    Bill,
    BillLine,
    Payment,
    allocate,
    allocate_receipts,
    bills_to_pay,
    settle,
)
from services.collection.policy.domain import pack as pack_rules
from services.collection.policy.domain import text as policy_text_rules
from services.collection.policy.domain.allocation_order import (
    ONE_TICKET,
    AllocationMethod,
    AllocationOrder,
    order_of,
)
from services.collection.policy.domain.faults.faults import faults_in
from services.collection.policy.schemas.policy import PackIn
from tests.collection.support import packs
from tests.collection.support.rules.receipts import receipt

INSURANCES = ("pension", "medical", "work_injury")
BY_INSURANCE = AllocationOrder(
    AllocationMethod.INSURANCE_ORDER, ("medical", "work_injury", "pension")
)
OLDEST = AllocationOrder(AllocationMethod.OLDEST_FIRST)
SHARED = AllocationOrder(AllocationMethod.PRO_RATA)
DAY = date(2021, 9, 1)


def a_bill(
    number: int, amounts_fen: list[int], *, period: str = "2021-07", kind: str = "contribution"
) -> Bill:
    lines = tuple(
        BillLine(
            line_no=place,
            fund="f",
            account="pooled",
            amount_fen=fen,
            insurance=INSURANCES[place // 2 % 3],
        )
        for place, fen in enumerate(amounts_fen)
    )
    return Bill(
        unit_id=7,
        id=UUID(int=number),
        declaration_id=UUID(int=100 + number),
        credit_code="91120101MA05K0TH17",
        district="heping",
        period=period,
        issued_on=date(2021, 7, 1),
        lines=lines,
        line_settled_fen=(0,) * len(lines),
        kind=kind,
    )


def money(fen: int, period: str = "2021-07", bill_id: UUID | None = None) -> Payment:
    return Payment(
        event_id=UUID(int=9),
        paid_on=DAY,
        booked_on=DAY,
        amount_fen=fen,
        period=period,
        bill_id=bill_id,
    )


def paid(bill: Bill, fen: int, order: AllocationOrder) -> tuple[int, ...]:
    return settle(bill, fen, order)[0].line_settled_fen


def test_insurance_by_insurance_each_is_full_before_the_next() -> None:
    bill = a_bill(1, [160, 80, 100, 20, 5])  # pension twice, medical twice, injury
    assert paid(bill, 60, BY_INSURANCE) == (0, 0, 50, 10, 0)
    assert paid(bill, 122, BY_INSURANCE) == (0, 0, 100, 20, 2)
    assert paid(bill, 140, BY_INSURANCE) == (10, 5, 100, 20, 5)
    assert paid(bill, 365, BY_INSURANCE) == (160, 80, 100, 20, 5)


def test_an_insurance_that_the_order_does_not_name_comes_last() -> None:
    order = AllocationOrder(AllocationMethod.INSURANCE_ORDER, ("medical",))
    assert paid(a_bill(1, [50, 50, 100]), 110, order) == (5, 5, 100)


def test_late_charges_are_divided_in_proportion_by_any_order() -> None:
    charge = a_bill(1, [100, 100, 100, 100], kind="charge")
    assert paid(charge, 200, BY_INSURANCE) == (50, 50, 50, 50)


def test_the_oldest_period_is_paid_first_whichever_is_named() -> None:
    bills = [a_bill(2, [100], period="2021-08"), a_bill(1, [100], period="2021-06")]
    settled, left = allocate(bills, money(150, "2021-08"), order=OLDEST)
    assert [(one.bill.period, one.amount_fen) for one in settled] == [
        ("2021-06", 100),
        ("2021-08", 50),
    ]
    assert left == 0
    one, excess = allocate(bills, money(150, "2021-08"), order=ONE_TICKET)
    assert ([part.amount_fen for part in one], excess) == ([100], 50)


def test_money_that_names_its_bill_goes_nowhere_else() -> None:
    bills = [a_bill(1, [100], period="2021-06"), a_bill(2, [100], period="2021-08")]
    for order in (OLDEST, SHARED):
        settled, left = allocate(bills, money(150, bill_id=UUID(int=2)), order=order)
        assert [(one.bill.id, one.amount_fen) for one in settled] == [(UUID(int=2), 100)]
        assert left == 50


def test_all_open_bills_share_in_proportion() -> None:
    bills = [a_bill(1, [300], period="2021-06"), a_bill(2, [100], period="2021-08")]
    settled, left = allocate(bills, money(200), order=SHARED)
    assert [one.amount_fen for one in settled] == [150, 50]
    assert left == 0
    settled, left = allocate(bills, money(500), order=SHARED)
    assert ([one.amount_fen for one in settled], left) == ([300, 100], 100)


@pytest.mark.parametrize("first", [True, False])
def test_charges_keep_their_place_in_each_order(first: bool) -> None:
    bills = [
        a_bill(1, [10], period="2021-06"),
        a_bill(2, [10], period="2021-07"),
        a_bill(3, [10], period="2021-06", kind="charge"),
    ]
    found = {
        order.name: [
            bill.id.int
            for bill in bills_to_pay(bills, "2021-07", None, charges_first=first, order=order)
        ]
        for order in (OLDEST, SHARED)
    }
    assert found == {
        AllocationMethod.OLDEST_FIRST: [3, 1, 2] if first else [1, 3, 2],
        AllocationMethod.PRO_RATA: [3, 1, 2] if first else [1, 2, 3],
    }


amounts = st.lists(st.integers(0, 10**9), min_size=1, max_size=8)
some_bills = st.lists(amounts, min_size=1, max_size=4)
payments = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10**9)), min_size=1, max_size=6)


@given(some_bills, payments, st.sampled_from([BY_INSURANCE, OLDEST]), st.randoms())
def test_the_order_of_receipts_does_not_matter(
    owed: list[list[int]],
    sent: list[tuple[int, int]],
    order: AllocationOrder,
    random: randomly.Random,
) -> None:
    """Insurance by insurance (for billed months) and oldest first: only the sum of receipts
    matters."""
    bills = [a_bill(n, one, period=f"2021-0{n + 5}") for n, one in enumerate(owed)]
    receipts = [
        receipt(str(n), fen, f"2021-0{month % len(owed) + 5}")
        for n, (month, fen) in enumerate(sent)
    ]
    shuffled = list(receipts)
    random.shuffle(shuffled)
    one, one_bills = allocate_receipts(receipts, bills, order_on=lambda _: order)
    other, other_bills = allocate_receipts(shuffled, bills, order_on=lambda _: order)
    assert {bill.id: bill for bill in one_bills} == {bill.id: bill for bill in other_bills}
    assert sum(b.suspended_fen for b in one) == sum(b.suspended_fen for b in other)


@given(some_bills, payments, st.sampled_from([BY_INSURANCE, OLDEST, SHARED]))
def test_every_fen_is_allocated_or_suspended_and_no_line_gets_more_than_it_asks(
    owed: list[list[int]], sent: list[tuple[int, int]], order: AllocationOrder
) -> None:
    bills = [a_bill(n, one, period=f"2021-0{n + 5}") for n, one in enumerate(owed)]
    receipts = [receipt(str(n), fen, f"2021-0{month + 5}") for n, (month, fen) in enumerate(sent)]
    bookings, changed = allocate_receipts(receipts, bills, order_on=lambda _: order)
    assert sum(b.allocated_fen + b.suspended_fen for b in bookings) == sum(fen for _, fen in sent)
    for bill in changed:
        for line, settled in zip(bill.lines, bill.line_settled_fen, strict=True):
            assert 0 <= settled <= line.amount_fen
    if order is not BY_INSURANCE:
        open_fen = sum(bill.total_fen for bill in bills) - sum(b.allocated_fen for b in bookings)
        assert open_fen == 0 or not any(b.suspended_fen for b in bookings)


@given(
    st.lists(st.integers(10**3, 10**9), min_size=2, max_size=4),
    st.lists(st.integers(1, 10**9), min_size=2, max_size=6),
)
def test_shared_bills_stay_in_proportion_to_within_a_few_fen(
    totals: list[int], sent: list[int]
) -> None:
    """To the fen the order of receipts may matter here, once a bill is settled: that is why it is
    no more than a few."""
    bills = [a_bill(n, [total], period=f"2021-0{n + 5}") for n, total in enumerate(totals)]
    whole, came = sum(totals), min(sum(sent), sum(totals))
    receipts = [receipt(str(n), fen, "2021-05") for n, fen in enumerate(sent)]
    changed = {
        bill.id: bill for bill in allocate_receipts(receipts, bills, order_on=lambda _: SHARED)[1]
    }
    for bill in bills:
        got = changed.get(bill.id, bill).settled_fen
        assert abs(got * whole - came * bill.total_fen) <= (len(sent) + 2) * whole


# As a policy row


def content(**allocation: Any) -> dict[str, Any]:
    found = packs.sound_pack()
    found["allocation"] |= allocation
    return found


def codes(pack: dict[str, Any]) -> dict[str, str]:
    policy, faults = pack_rules.attempt(pack)
    return {fault.pointer: fault.code for fault in [*faults, *faults_in(policy, pack)]}


@pytest.mark.parametrize(
    ("row", "order", "message"),
    [
        ({"order": "one_ticket"}, AllocationMethod.ONE_TICKET, "部分到账按一票征缴分至各险种"),
        (
            {"order": "insurance_order", "insurances": ["work_injury", "pension"]},
            AllocationMethod.INSURANCE_ORDER,
            "部分到账按险种次序缴清:工伤保险、基本养老保险",
        ),
        ({"order": "oldest_first"}, AllocationMethod.OLDEST_FIRST, "到账先清最早的所属期"),
        ({"order": "pro_rata"}, AllocationMethod.PRO_RATA, "到账在各所属期的欠费之间按比例分配"),
    ],
)
def test_a_pack_names_its_order(row: dict[str, Any], order: AllocationMethod, message: str) -> None:
    pack = content(**row)
    assert codes(pack) == {}
    assert PackIn.model_validate(pack).content() == pack
    policy = packs.read(pack)
    assert policy.allocation.name is order
    assert message in policy_text_rules.markdown(policy)


def test_an_order_without_a_list_takes_that_of_the_pack() -> None:
    assert order_of({"order": "insurance_order"}, ["a", "b"]).insurances == ("a", "b")


def test_a_list_that_is_not_used_or_not_whole_is_a_fault() -> None:
    at = "/allocation/insurances"
    assert codes(content(order="pro_rata", insurances=["pension", "work_injury"])) == {
        at: "ORDER_NOT_USED"
    }
    assert codes(content(order="insurance_order", insurances=["pension"])) == {
        at: "ORDER_INCOMPLETE"
    }
