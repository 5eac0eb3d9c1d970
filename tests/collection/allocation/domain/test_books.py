"""Entries of receipts balance within each fund and book, in the accounts that the law names."""

from dataclasses import replace

from services.collection.allocation.domain.allocation import (
    Bill,
    BillLine,
    allocate_receipts,
)
from services.collection.allocation.domain.books import (
    receipt_voucher,
    suspense_voucher,
)
from tests.collection.support.rules.receipts import DAY, bill, receipt

LINES = (
    BillLine(line_no=0, fund="pension", account="pooled", amount_fen=1600),
    BillLine(line_no=1, fund="pension", account="personal_account", amount_fen=800),
    BillLine(line_no=2, fund="medical", account="pooled", amount_fen=1000),
    BillLine(line_no=3, fund="medical", account="personal_account", amount_fen=200),
    BillLine(line_no=4, fund="medical", account="pooled", amount_fen=50),  # maternity since 2019
)
BILL: Bill = replace(bill([0]), lines=LINES, line_settled_fen=(0,) * len(LINES))


def posted(voucher) -> list[tuple[str, str, str, str, int]]:
    return [
        (entry.book.value, entry.fund, entry.account, entry.side.value, entry.amount_fen)
        for entry in voucher.entries
    ]


def test_a_full_receipt_books_each_fund_by_itself() -> None:
    (booking,), _ = allocate_receipts([receipt("a", 3650)], [BILL])
    voucher = receipt_voucher(booking, "treasury_deposit")
    assert posted(voucher) == [
        ("statutory", "pension", "treasury_deposit", "debit", 2400),
        ("statutory", "pension", "contribution_income.pooled", "credit", 1600),
        ("statutory", "pension", "contribution_income.personal_account", "credit", 800),
        ("memo", "pension", "memo_collected", "debit", 2400),
        ("memo", "pension", "memo_receivable", "credit", 2400),
        ("statutory", "medical", "treasury_deposit", "debit", 1250),
        ("statutory", "medical", "contribution_income.pooled", "credit", 1050),
        ("statutory", "medical", "contribution_income.personal_account", "credit", 200),
        ("memo", "medical", "memo_collected", "debit", 1250),
        ("memo", "medical", "memo_receivable", "credit", 1250),
    ]
    assert (voucher.owner, voucher.book_date, voucher.period) == (BILL.credit_code, DAY, "2021-07")


def test_an_overpaid_receipt_makes_two_vouchers_of_one_event_each() -> None:
    (booking,), _ = allocate_receipts([receipt("a", 4000)], [BILL])
    suspense = suspense_voucher(booking, "treasury_deposit", "pension")
    assert posted(suspense) == [
        ("statutory", "pension", "treasury_deposit", "debit", 350),
        ("statutory", "pension", "suspense_receipts", "credit", 350),
    ]
    receipt_id = booking.receipt.id.hex
    assert receipt_voucher(booking, "x").event_id == f"receipt:{receipt_id}"
    assert suspense.event_id == f"suspense:{receipt_id}"
    assert suspense.owner == BILL.credit_code


def test_money_of_an_unknown_payer_belongs_to_nobody_and_lies_at_the_centre() -> None:
    (booking,), _ = allocate_receipts([receipt("a", 10, payer=None)], [])
    voucher = suspense_voucher(booking, "treasury_deposit", "pension")
    assert voucher.owner == "unidentified"
    assert {entry.district for entry in voucher.entries} == {"centre"}
