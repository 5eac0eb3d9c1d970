"""Amounts that the books show on a later day than business, by fund and item."""

from datetime import date
from typing import Any

import pytest

from shared.wire.control_item import ControlItem
from shared.wire.moved import sums_by

DAY = date(2021, 7, 31)


def voucher(kind: str, *sides: str, day: str = "2021-07-31") -> dict[str, Any]:
    """A voucher of 1.00 with an entry for each "side account"."""
    entries = [
        {"fund": "pension", "side": side, "account": account, "amount": "1.00"}
        for side, account in (one.split() for one in sides)
    ]
    return {"kind": kind, "book_date": day, "entries": entries}


CASES = [
    ("bill", "debit memo_receivable", "credit memo_levied", {ControlItem.LEVIED: 100}),
    (
        "waiver",
        "debit memo_levied",
        "credit memo_receivable",
        {ControlItem.LEVIED: -100, ControlItem.LATE_FEES_CHARGED: -100},
    ),
    ("receipt", "debit memo_collected", "credit memo_receivable", {ControlItem.COLLECTED: 100}),
    ("suspense", "debit income_deposit", "credit suspense_receipts", {ControlItem.SUSPENSE: 100}),
    (
        "receipt",
        "debit income_deposit",
        "credit contribution_income.personal_account",
        {ControlItem.PERSONAL: 100},
    ),
    (
        "late_fee",
        "debit income_deposit",
        "credit other_income",
        {ControlItem.LATE_FEES_COLLECTED: 100},
    ),
    (
        "refund_return",
        "debit income_deposit",
        "credit suspense_receipts",
        {ControlItem.REFUNDS: -100, ControlItem.SUSPENSE: 100},
    ),
    (
        "payment",
        "debit benefit.hospital",
        "credit expenditure_deposit",
        {ControlItem.BENEFITS: 100},
    ),
]


@pytest.mark.parametrize(("kind", "debit", "credit", "expected"), CASES)
def test_entries_move_the_items_of_their_accounts(
    kind: str, debit: str, credit: str, expected: dict[ControlItem, int]
) -> None:
    sums = sums_by(DAY, [voucher(kind, debit, credit)])
    assert sums == {("pension", item): fen for item, fen in expected.items()}


def test_vouchers_of_later_days_are_in_no_total_of_the_day() -> None:
    later = voucher("bill", "debit memo_receivable", "credit memo_levied", day="2021-08-01")
    assert sums_by(DAY, [later]) == {}
