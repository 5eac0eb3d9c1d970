"""Vouchers of the feed as movements of our accounts: per account, by the mark that a bank may know."""

from __future__ import annotations

from typing import Any

from services.collection.reconciliation.domain.movement import movements_of


def voucher(*entries: tuple[str, str, str], **other: Any) -> dict[str, Any]:
    return {
        "slot": 1,
        "seq": 7,
        "id": "vch_1_7",
        "kind": "receipt",
        "event_id": "receipt:1",
        "book_date": "2021-07-20",
        "value_date": None,
        "summary": "到账",
        "references": {},
        "reverses": None,
        "entries": [
            {"book": "statutory", "account": account, "side": side, "amount": amount}
            for account, side, amount in entries
        ],
    } | other


def test_funds_of_one_account_are_one_movement_and_transfers_within_it_none() -> None:
    (one,) = movements_of(
        voucher(
            ("income_deposit", "debit", "1.00"),
            ("income_deposit", "debit", "2.50"),
            ("contribution_income.pooled", "credit", "3.50"),
            references={"serial": "S1", "paper": "B1"},
            value_date="2021-07-19",
        )
    )
    assert (one.amount_fen, one.mark, one.paper, one.of_receipt) == (350, "S1", "B1", True)
    assert one.value_day.day == 19
    within = voucher(("income_deposit", "debit", "1.00"), ("income_deposit", "credit", "1.00"))
    assert list(movements_of(within)) == []


def test_a_sweep_moves_two_accounts_and_a_reversal_has_its_originals_mark() -> None:
    sweep = voucher(
        ("fiscal_deposit", "debit", "5.00"),
        ("income_deposit", "credit", "5.00"),
        kind="sweep",
        references={"settlement": "ab"},
    )
    assert {(one.account, one.amount_fen, one.mark) for one in movements_of(sweep)} == {
        ("fiscal_deposit", 500, "ab"),
        ("income_deposit", -500, "ab"),
    }
    (back,) = movements_of(
        voucher(("income_deposit", "credit", "1.00"), reverses="vch_1_3", references={})
    )
    assert back.mark == "vch_1_3"


def test_a_return_is_known_by_its_paper_not_by_the_receipts_serial() -> None:
    (one,) = movements_of(
        voucher(
            ("income_deposit", "credit", "1.00"),
            kind="receipt_return",
            event_id="receipt_return:abc:2",
            references={"serial": "S1", "paper": "B1"},
        )
    )
    assert (one.mark, one.paper, one.of_receipt) == ("receipt_return:abc", None, False)
