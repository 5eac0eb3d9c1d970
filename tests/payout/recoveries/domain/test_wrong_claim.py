"""Amounts that a case about a wrong claim covers: the bank's payment, and what advances paid."""

from dataclasses import replace

import pytest

from services.payout.recoveries.domain.wrong_claim import (
    PaidClaim,
    PaidClaimLine,
    WrongAmount,
    case_lines,
    wrong_faults,
)
from shared.ids import Ref
from shared.period import Period

CLAIM = PaidClaim(
    ref=Ref.new(1),
    kind="medical_reimbursement",
    district="heping",
    period=Period(2021, 7),
    fund="medical",
    account="benefit.hospital",
    settled_year=2022,
)
# A benefit of 1500.00: 1000.00 by an advance, 500.00 by the bank.
LINE = PaidClaimLine(
    line_no=1,
    amount_fen=500_00,
    deducted_fen=1000_00,
    covered_fen=0,
    paid_year=2021,
    is_double=False,
    sealed_number=None,
    name=b"n",
)


def codes(line: PaidClaimLine, amount_fen: int) -> list[str]:
    found = wrong_faults(CLAIM, [WrongAmount(1, amount_fen)], {1: line})
    return [fault.code for fault in found]


@pytest.mark.parametrize(
    ("line", "most_fen", "parts"),
    [
        (LINE, 1500_00, [(False, 2021, 500_00), (True, 2022, 1000_00)]),
        (replace(LINE, covered_fen=700_00), 800_00, [(True, 2022, 800_00)]),
        (replace(LINE, covered_fen=100_00), 400_00, [(False, 2021, 400_00)]),
        (replace(LINE, amount_fen=0, paid_year=None), 1000_00, [(True, 2022, 1000_00)]),
        (replace(LINE, paid_year=None), 1000_00, [(True, 2022, 1000_00)]),
    ],
    ids=["both", "the rest", "a part", "wholly by an advance", "not by the bank yet"],
)
def test_what_advances_paid_of_a_false_benefit_comes_back(
    line: PaidClaimLine, most_fen: int, parts: list[tuple[bool, int, int]]
) -> None:
    assert not codes(line, most_fen)
    built = case_lines(CLAIM, [WrongAmount(1, most_fen)], {1: line})
    assert [(one.deducted, one.paid_year, one.amount_fen) for one in built] == parts
    assert [one.line_no for one in built] == list(range(1, len(parts) + 1))
    if line.left_fen == most_fen:
        assert codes(line, most_fen + 1) == ["RECOVERY_TOO_LARGE"]


def test_a_line_of_which_nothing_was_paid_is_refused() -> None:
    unpaid = replace(LINE, paid_year=None, deducted_fen=0)
    assert codes(unpaid, 1_00) == ["LINE_NOT_PAID"]
