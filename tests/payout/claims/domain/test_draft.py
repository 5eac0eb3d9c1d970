"""Faults of submitted claims, and the hash of their content."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.payout.benefits.domain import BenefitKind, Once, Payee
from services.payout.claims.domain.claim import Cost
from services.payout.claims.domain.draft import (
    ClaimDraft,
    ClaimLineDraft,
    draft_faults,
    paper_hash,
    year_limit_faults,
)
from shared.cn.identity_number import with_check_digit
from shared.period import Period

TODAY = date(2021, 8, 10)
NUMBER = with_check_digit("12010119500307123")
ROW = BenefitKind(
    kind="hospital_settlement",
    name="住院医疗费结算",
    fund="medical",
    account="benefit.hospital",
    in_force_from=date(2018, 1, 1),
    in_force_to=None,
    source="s",
    payee=Payee.INSTITUTION,
)


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


def test_an_event_is_not_later_than_its_claim() -> None:
    filed = replace(claim([line(event_on=date(2021, 8, 9))]), filed_on=date(2021, 8, 8))
    faults = draft_faults(filed, ROW, TODAY)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/lines/0/event_on", "EVENT_AFTER_FILING")
    ]


def claim(
    lines: Sequence[ClaimLineDraft],
    control_lines: int = 1,
    control_total_fen: int = 10_000,
    documents: Sequence[str] = (),
) -> ClaimDraft:
    return ClaimDraft(
        kind="hospital_settlement",
        documents=documents,
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
    assert not draft_faults(claim(lines, 2, 20_000), ROW, TODAY)


def test_every_fault_of_a_claim_is_named_at_once() -> None:
    lines = [line(identity_number=NUMBER[:-1] + "0"), line(), line(identity_number="12")]
    faults = draft_faults(claim(lines, 2, 1), ROW, TODAY)
    assert {(fault.pointer, fault.code) for fault in faults} >= {
        ("/lines/0/identity_number", "IDENTITY_NUMBER_CHECK_DIGIT"),
        ("/lines/2/identity_number", "IDENTITY_NUMBER_SHAPE"),
        ("/lines/0/reference", "REFERENCE_REPEATED"),
        ("/lines/1/reference", "REFERENCE_REPEATED"),
        ("/control/lines", "CONTROL_LINES_DIFFER"),
        ("/control/total", "CONTROL_TOTAL_DIFFERS"),
    }


def test_all_that_the_row_of_the_kind_asks_for_is_named_at_once() -> None:
    strict = replace(
        ROW,
        once=Once.EVENT_DAY,
        needs_person=True,
        needs_employer=True,
        documents=("invoice", "injury_decision"),
        line_limit_fen=9_999,
        payee=Payee.UNIT,
    )
    later = date(2021, 8, 11)
    lines = [
        line(bank_holder="另 一家"),
        line(reference="ZY-2", event_on=later, identity_number=NUMBER, amount_fen=1),
    ]
    faults = draft_faults(claim(lines, 2, 10_001, documents=["invoice"]), strict, TODAY)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/credit_code", "CREDIT_CODE_MISSING"),
        ("/documents", "DOCUMENT_MISSING"),
        ("/lines/0/identity_number", "IDENTITY_NUMBER_MISSING"),
        ("/lines/0/bank_account/name", "HOLDER_DIFFERS"),
        ("/lines/0/event_on", "EVENT_DATE_MISSING"),
        ("/lines/0/amount", "LINE_LIMIT_EXCEEDED"),
        ("/lines/1/event_on", "DATE_IN_FUTURE"),
    ]
    assert "injury_decision" in faults[1].message


def test_an_amount_follows_from_its_cost() -> None:
    cost = Cost(total_fen=1_200_033, own_fen=200_000, deductible_fen=80_000, ratio_ppm=850_000)
    assert cost.payable_fen == 782_028
    needs = replace(ROW, needs_cost=True)
    right = line(amount_fen=782_028, cost=cost)
    assert not draft_faults(claim([right], 1, 782_028), needs, TODAY)
    lines = [
        line(amount_fen=782_029, cost=cost),
        line(reference="2", cost=replace(cost, own_fen=1_200_000)),
        line(reference="3", cost=replace(cost, ratio_ppm=1_000_001)),
        line(reference="4"),
    ]
    faults = draft_faults(claim(lines, 4, 812_029), needs, TODAY)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/lines/0/amount", "AMOUNT_DIFFERS"),
        ("/lines/1/cost", "COST_IMPOSSIBLE"),
        ("/lines/2/cost", "COST_IMPOSSIBLE"),
        ("/lines/3/cost", "COST_MISSING"),
    ]
    assert "7820.28" in faults[0].message


def test_the_limit_of_a_year_counts_other_claims_and_earlier_lines() -> None:
    limited = replace(ROW, needs_person=True, year_limit_fen=1_000)
    amounts = [(1, 7, 300), (2, 8, 1_000), (3, 7, 301), (4, 9, 1_001)]
    faults = year_limit_faults(amounts, {7: 400}, limited)
    assert [fault.pointer for fault in faults] == ["/lines/2/amount", "/lines/3/amount"]
    assert "3.00" in faults[0].message, "what is left of the year"
    assert not year_limit_faults(amounts, {7: 400}, ROW)


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
