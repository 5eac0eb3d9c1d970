"""Advances that a claim's lines settle."""

from dataclasses import replace
from datetime import date

from services.payout.claims.domain.advance import (
    Advance,
    settle,
    settlement_voucher,
)
from services.payout.claims.domain.claim import AdvanceRef, Claim, ClaimLine, ClaimStatus
from shared.ids import Ref
from shared.period import Period
from shared.roles import Caller, Role

CLAIM = Claim(
    ref=Ref.new(1),
    kind="injury_treatment",
    district="heping",
    period=Period(2021, 7),
    filed_on=date(2021, 8, 2),
    fund="work_injury",
    account="benefit.work_injury",
    lines=1,
    total_fen=100,
    status=ClaimStatus.FILED,
    summary="",
    credit_code=None,
    filed_by="x",
)
LINE = ClaimLine(
    line_no=1,
    payee_name=b"n",
    bank="b",
    bank_number=b"1",
    bank_holder=b"h",
    amount_fen=1_000,
    reference="r",
    person_id=7,
)
CLERK = Caller(subject="c", role=Role.DISTRICT_CLERK, district="heping")
CENTRE_CLERK = Caller(subject="c", role=Role.DEPARTMENT_HEAD)
REF = AdvanceRef(Ref.new(2), 1)
ADVANCE = Advance(
    ref=REF,
    fund="work_injury",
    district="heping",
    person_id=7,
    payee="n",
    paid_fen=1_300,
    settled_fen=0,
)


def codes(
    line: ClaimLine = LINE, advance: Advance = ADVANCE, claim: Claim = CLAIM, by: Caller = CLERK
) -> list[str]:
    _, _, faults = settle(claim, [line], {1: (REF, "n")}, {REF: advance}, by)
    assert all(fault.pointer == "/lines/0/advance" for fault in faults)
    return [fault.code for fault in faults]


def test_what_is_open_is_deducted_and_two_lines_share_it() -> None:
    lines = [LINE, replace(LINE, line_no=2), replace(LINE, line_no=3)]
    after, settlements, faults = settle(
        CLAIM, lines, {1: (REF, "n"), 2: (REF, "n")}, {REF: ADVANCE}, CLERK
    )
    assert not faults
    assert [(line.amount_fen, line.settled_fen, line.whole_fen) for line in after] == [
        (0, 1_000, 1_000),
        (700, 300, 1_000),
        (1_000, 0, 1_000),
    ]
    assert [(one.line_no, one.amount_fen) for one in settlements] == [(1, 1_000), (2, 300)]


def test_every_advance_that_cannot_be_deducted_is_named() -> None:
    assert codes() == []
    assert codes(advance=replace(ADVANCE, fund="medical")) == ["ADVANCE_FUND_DIFFERS"]
    assert codes(advance=replace(ADVANCE, person_id=8)) == ["ADVANCE_OF_ANOTHER"]
    nobody, company = replace(LINE, person_id=None), replace(ADVANCE, person_id=None)
    assert codes(nobody) == ["ADVANCE_OF_ANOTHER"]
    assert codes(nobody, company) == codes(LINE, company) == []
    assert codes(nobody, replace(company, payee="m")) == ["ADVANCE_OF_ANOTHER"]
    elsewhere = replace(ADVANCE, district="nankai")
    assert codes(advance=elsewhere) == ["ADVANCE_OF_ANOTHER_DISTRICT"]
    assert codes(advance=elsewhere, by=CENTRE_CLERK) == []
    assert codes(advance=replace(ADVANCE, paid_fen=0)) == ["ADVANCE_NOT_PAID"]
    assert codes(advance=replace(ADVANCE, settled_fen=1_300)) == ["ADVANCE_SETTLED"]
    advance_claim = replace(CLAIM, account="temporary_payment")
    assert codes(claim=advance_claim) == ["ADVANCE_NOT_DEDUCTED"]
    _, _, unknown = settle(CLAIM, [LINE], {1: (REF, "n")}, {}, CLERK)
    assert [fault.code for fault in unknown] == ["ADVANCE_UNKNOWN"]


def test_the_voucher_turns_the_advance_into_the_benefit() -> None:
    parts = [("nankai", 300), ("heping", 50), ("nankai", 5)]
    voucher = settlement_voucher(CLAIM, parts, date(2021, 8, 2))
    assert voucher.kind == "advance_settlement"
    assert [(e.account, e.side, e.district, e.amount_fen) for e in voucher.entries] == [
        ("benefit.work_injury", "debit", "heping", 355),
        ("temporary_payment", "credit", "heping", 50),
        ("temporary_payment", "credit", "nankai", 305),
    ]
