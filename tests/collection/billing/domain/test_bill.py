"""A bill is what its declaration levies, to the fen, and its memo voucher says the same per fund."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.billing.domain.bill import (
    BillItem,
    memo_voucher,
    net_items,
    split_by_sign,
)
from shared.entry import Account, Book, net_by_fund
from tests.collection.support.rules.bills import (
    ID,
    MATERNITY,
    MEDICAL,
    PENSION,
    a_bill,
    audited,
    levied,
)


def test_two_insurances_of_one_fund_are_two_lines_and_one_entry_pair() -> None:
    bill = a_bill(audited(MEDICAL, MATERNITY, PENSION))
    assert len(bill.lines) == 3
    assert bill.by_fund() == {"medical": 1050_00, "pension": 1600_00}
    voucher = memo_voucher(bill)
    assert voucher is not None
    assert voucher.event_id == f"bill:{ID.hex}"
    assert voucher.owner == "91120101MA05K0TH17"
    assert {entry.book for entry in voucher.entries} == {Book.MEMO}
    debits = {e.fund: e.debit_fen for e in voucher.entries if e.account == Account.MEMO_RECEIVABLE}
    assert debits == bill.by_fund()


def test_lines_of_nothing_are_left_out() -> None:
    bill = a_bill(audited(MEDICAL, levied("unemployment", "unit", "unemployment", 0)))
    assert [line.insurance for line in bill.lines] == ["medical"]


def test_a_bill_over_nothing_is_settled_and_has_no_voucher() -> None:
    bill = a_bill(audited(levied("medical", "unit", "medical", 0)))
    assert bill.status == "settled"
    assert memo_voucher(bill) is None


def test_a_bill_that_does_not_sum_to_its_declaration_cannot_be_made() -> None:
    paper = replace(audited(MEDICAL), total_fen=999_99)
    with pytest.raises(AssertionError):
        a_bill(paper)


lines = st.builds(
    levied,
    st.sampled_from(["pension", "medical", "maternity"]),
    st.sampled_from(["unit", "personal"]),
    st.sampled_from(["pension", "medical"]),
    st.integers(0, 10**12),
)


@given(st.lists(lines, max_size=20))
def test_splits_sum_to_lines_and_lines_to_the_bill(given_lines: list[BillItem]) -> None:
    bill = a_bill(audited(*given_lines))
    total = sum(line.amount_fen for line in given_lines)
    assert sum(line.amount_fen for line in bill.lines) == total
    assert sum(bill.by_fund().values()) == total
    voucher = memo_voucher(bill)
    if voucher is not None:
        assert all(net == 0 for net in net_by_fund(voucher.entries).values())
        assert sum(entry.debit_fen for entry in voucher.entries) == total


def test_what_a_restated_month_comes_to_less_is_credited_and_taken_back_in_the_memo_book() -> None:
    less = MEDICAL._replace(amount_fen=-300_00)
    paper = replace(audited(PENSION, less, MATERNITY), restates=True)
    more, credits = split_by_sign(net_items(paper.lines))
    bill = replace(a_bill(audited(PENSION)), declaration=paper, lines=more, credits=credits)
    assert (bill.kind, bill.total_fen, bill.status) == ("adjustment", 1650_00, "open")
    assert [(one.insurance, one.amount_fen) for one in bill.credits] == [("medical", 300_00)]
    (granted,) = bill.granted()
    assert (granted.amount_fen, granted.left_fen, granted.granted_on) == (
        300_00,
        300_00,
        bill.issued_on,
    )
    voucher = memo_voucher(bill)
    assert voucher is not None
    assert voucher.kind == "adjustment"
    receivable = {
        entry.fund: entry.debit_fen - entry.credit_fen
        for entry in voucher.entries
        if entry.account == Account.MEMO_RECEIVABLE
    }
    assert receivable == {"pension": 1600_00, "medical": -250_00}


def test_a_bill_that_credits_lower_to_nothing_is_settled() -> None:
    bill = a_bill(audited(MEDICAL, PENSION))
    whole = replace(bill, lowered={1: 1000_00, 2: 1600_00})
    part = replace(bill, lowered={2: 1})
    assert (whole.total_fen, whole.credited_fen, whole.status) == (0, 2600_00, "settled")
    assert (part.total_fen, part.issued_fen, part.status) == (2599_99, 2600_00, "open")
    assert memo_voucher(whole) == memo_voucher(bill)
