"""Grounds of proposals: what the payer wrote goes before accounts and amounts."""

from __future__ import annotations

from uuid import UUID

from services.collection.reconciliation.domain.proposal import (
    OpenBill,
    ProposalGround,
    bills_in,
    codes_in,
    ranked,
)
from shared.cn.credit_code import with_check_character
from shared.references import Reference

CODE = with_check_character("91120101MA0500001")


def bill(number: int, ground: ProposalGround, fen: int = 100) -> OpenBill:
    return OpenBill(
        ground=ground,
        unit_id=number,
        credit_code=CODE,
        bill_id=UUID(int=number),
        period="2021-07",
        open_fen=fen,
    )


def test_bills_and_codes_are_read_out_of_what_the_payer_wrote() -> None:
    reference = Reference.BILL.example
    assert [one.text(Reference.BILL) for one in bills_in([f"社保{reference}。", "bil_12"])] == [
        reference
    ]
    assert codes_in([f"缴 {CODE.lower()} 七月", CODE[:-1], f"X{CODE}"]) == [CODE]


def test_the_surest_ground_comes_first_and_a_bill_once() -> None:
    found = ranked(
        [
            bill(1, ProposalGround.AMOUNT),
            bill(2, ProposalGround.PAYER_ACCOUNT, 50),
            bill(3, ProposalGround.PAYER_ACCOUNT),
            bill(1, ProposalGround.BILL),
        ],
        100,
    )
    assert [(one.unit_id, one.ground.value) for one in found] == [
        (1, "bill"),
        (3, "payer_account"),
        (2, "payer_account"),
    ]
