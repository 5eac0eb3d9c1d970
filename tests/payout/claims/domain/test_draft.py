"""Faults of submitted claims, and the hash of their content."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain.draft import (
    ClaimDraft,
    ClaimLineDraft,
    draft_faults,
    paper_hash,
)
from shared.cn.identity_number import with_check_digit
from shared.period import Period

TODAY = date(2021, 8, 10)
NUMBER = with_check_digit("12010119500307123")


def line(**changes: object) -> ClaimLineDraft:
    plain = ClaimLineDraft(
        payee_name="医院",
        bank="工商银行",
        bank_number="6222000000000001",
        bank_holder="医院",
        amount_fen=10_000,
        reference="ZY-1",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def claim(
    lines: Sequence[ClaimLineDraft],
    control_lines: int = 1,
    control_total_fen: int = 10_000,
    kind: ClaimKind = ClaimKind.HOSPITAL_SETTLEMENT,
) -> ClaimDraft:
    return ClaimDraft(
        kind=kind,
        district="heping",
        period=Period(2021, 7),
        credit_code=None,
        filed_on=TODAY,
        summary="",
        control_lines=control_lines,
        control_total_fen=control_total_fen,
        lines=lines,
    )


def test_a_claim_whose_totals_agree_has_no_fault() -> None:
    lines = [line(), line(reference="ZY-2", identity_number=NUMBER)]
    assert not draft_faults(claim(lines, 2, 20_000), TODAY)


def test_every_fault_of_a_claim_is_named_at_once() -> None:
    lines = [line(identity_number=NUMBER[:-1] + "0"), line(), line(identity_number="12")]
    faults = draft_faults(claim(lines, 2, 1), TODAY)
    assert {(fault.pointer, fault.code) for fault in faults} >= {
        ("/lines/0/identity_number", "IDENTITY_NUMBER_CHECK_DIGIT"),
        ("/lines/2/identity_number", "IDENTITY_NUMBER_SHAPE"),
        ("/lines/0/reference", "REFERENCE_REPEATED"),
        ("/lines/1/reference", "REFERENCE_REPEATED"),
        ("/control/lines", "CONTROL_LINES_DIFFER"),
        ("/control/total", "CONTROL_TOTAL_DIFFERS"),
    }


def test_a_maternity_allowance_names_its_employer_and_the_mother() -> None:
    faults = draft_faults(claim([line()], kind=ClaimKind.MATERNITY_ALLOWANCE), TODAY)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/credit_code", "CREDIT_CODE_MISSING"),
        ("/lines/0/identity_number", "IDENTITY_NUMBER_MISSING"),
    ]


def test_the_same_paper_has_the_same_hash_and_any_change_another() -> None:
    first = paper_hash(b"k", "a", None, [line()])
    assert first == paper_hash(b"k", "a", None, [line()])
    others = [
        paper_hash(b"another key", "a", None, [line()]),
        paper_hash(b"k", "b", None, [line()]),
        paper_hash(b"k", "a", "x", [line()]),
        paper_hash(b"k", "a", None, [line(), line()]),
        paper_hash(b"k", "a", None, [line(amount_fen=1)]),
        paper_hash(b"k", "a", None, [line(bank_number="1")]),
    ]
    assert first not in others
