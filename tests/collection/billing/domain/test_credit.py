"""Credits lower what is like them, each fen once: the restated month first, then the oldest."""

from collections import defaultdict
from datetime import date
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.collection.billing.domain.bill import memo_voucher
from services.collection.billing.domain.credit import (
    Credit,
    CreditableLine,
    lowered_by_bill,
    use_credits,
    used_by_credit,
)
from shared.entry import Account
from tests.collection.support.rules.bills import PENSION, a_bill, audited

PERIODS = ["2021-05", "2021-06", "2021-07"]


def credit(
    number: int,
    amount_fen: int,
    period: str = "2021-07",
    *,
    used_fen: int = 0,
    unit_id: int = 7,
    insurance: str = "pension",
    party: str = "unit",
    district: str = "heping",
) -> Credit:
    return Credit(
        unit_id=unit_id,
        id=UUID(int=number),
        declaration_id=UUID(int=100),
        credit_code="c",
        district=district,
        period=period,
        insurance=insurance,
        party=party,
        account="pooled",
        fund=insurance,
        amount_fen=amount_fen,
        used_fen=used_fen,
        granted_on=date(2021, 8, 12),
    )


def line(
    bill: int,
    amount_fen: int,
    period: str = "2021-07",
    *,
    line_no: int = 1,
    unit_id: int = 7,
    insurance: str = "pension",
    party: str = "unit",
    district: str = "heping",
) -> CreditableLine:
    return CreditableLine(
        unit_id=unit_id,
        bill_id=UUID(int=bill),
        line_no=line_no,
        district=district,
        period=period,
        issued_on=date(2021, 8, 1),
        insurance=insurance,
        party=party,
        account="pooled",
        fund=insurance,
        amount_fen=amount_fen,
    )


def used(credits: list[Credit], lines: list[CreditableLine]) -> list[tuple[int, int, int]]:
    return [
        (one.credit.id.int, one.line.bill_id.int, one.amount_fen)
        for one in use_credits(credits, lines)
    ]


def test_the_restated_month_is_lowered_first_then_the_oldest() -> None:
    lines = [line(1, 30, "2021-05"), line(2, 30, "2021-06"), line(3, 30, "2021-07")]
    assert used([credit(9, 75, "2021-06")], lines) == [(9, 2, 30), (9, 1, 30), (9, 3, 15)]


def test_the_oldest_months_credit_is_used_first_up_to_its_rest() -> None:
    credits = [credit(2, 50, "2021-07"), credit(1, 50, "2021-05", used_fen=40)]
    assert used(credits, [line(3, 30)]) == [(1, 3, 10), (2, 3, 20)]


def test_money_moves_neither_between_shares_nor_insurances_nor_units() -> None:
    others = [
        line(1, 50, party="personal"),
        line(2, 50, insurance="medical"),
        line(3, 50, unit_id=8),
    ]
    assert used([credit(9, 50)], others) == []


keys = {
    "unit_id": st.sampled_from([7, 8]),
    "insurance": st.sampled_from(["pension", "medical"]),
    "party": st.sampled_from(["unit", "personal"]),
    "period": st.sampled_from(PERIODS),
}
many_credits = st.lists(st.fixed_dictionaries(keys | {"amount_fen": st.integers(1, 100)})).map(
    lambda rows: [credit(number, **row) for number, row in enumerate(rows, 1)]
)
many_lines = st.lists(st.fixed_dictionaries(keys | {"amount_fen": st.integers(1, 100)})).map(
    lambda rows: [line(number, **row) for number, row in enumerate(rows, 1)]
)


@given(many_credits, many_lines)
def test_no_fen_is_used_twice_and_no_credit_is_left_that_could_lower_a_line(
    credits: list[Credit], lines: list[CreditableLine]
) -> None:
    uses = use_credits(credits, lines)
    by_credit, by_bill = used_by_credit(uses), lowered_by_bill(uses)
    assert all(one.amount_fen > 0 and one.credit.key == one.line.key for one in uses)
    assert all(by_credit.get(one.id, 0) <= one.left_fen for one in credits)
    assert sum(by_credit.values()) == sum(
        fen for by_line in by_bill.values() for fen in by_line.values()
    )
    rest_credit: dict[object, int] = defaultdict(int)
    rest_line: dict[object, int] = defaultdict(int)
    for one in credits:
        rest_credit[one.key] += one.left_fen - by_credit.get(one.id, 0)
    for other in lines:
        lowered = by_bill.get(other.bill_id, {}).get(other.line_no, 0)
        assert lowered <= other.amount_fen
        rest_line[other.key] += other.amount_fen - lowered
    assert all(not rest_line[key] for key, fen in rest_credit.items() if fen)


@given(many_credits, many_lines, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_read_makes_no_difference(
    credits: list[Credit], lines: list[CreditableLine], random: Random
) -> None:
    once = {
        (one.credit.id, one.line.bill_id, one.amount_fen) for one in use_credits(credits, lines)
    }
    random.shuffle(credits)
    random.shuffle(lines)
    again = {
        (one.credit.id, one.line.bill_id, one.amount_fen) for one in use_credits(credits, lines)
    }
    assert again == once


def test_a_credit_used_in_another_district_moves_the_receivable_there() -> None:
    bill = a_bill(audited(PENSION))
    uses = use_credits([credit(9, 40, district="nankai")], [line(3, 30, district="heping")])
    voucher = memo_voucher(bill, uses)
    assert voucher is not None
    assert voucher.kind == "adjustment"
    net: dict[tuple[str, str], int] = defaultdict(int)
    for entry in voucher.entries:
        net[entry.account, entry.district] += entry.debit_fen - entry.credit_fen
    assert net[Account.MEMO_RECEIVABLE, "nankai"] == 30
    assert net[Account.MEMO_RECEIVABLE, "heping"] == PENSION.amount_fen - 30
    assert sum(net.values()) == 0
