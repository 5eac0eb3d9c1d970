"""What is wrong with papers as handed in."""

from dataclasses import replace
from datetime import date

import pytest

from services.payout.benefits.domain import BenefitKind, ClaimKind, NoBenefitKind, booking_of
from services.payout.common.domain import (
    MONTHLY_MAX_FEN,
    AskedLine,
    AskedPerson,
    PeriodInFuture,
    faults_in_claim,
    faults_in_people,
    paper_hash,
    require_begun,
)
from services.payout.payments.domain.batch import BOOKINGS_MAX, BatchTooLarge, Part, require_bounded
from shared.cn.identity_number import with_check_digit
from shared.ids import Ref
from shared.money import AMOUNT_MAX_FEN
from shared.period import Period

TODAY = date(2021, 8, 10)
NUMBER = with_check_digit("12010119500307123")


def line(**changes: object) -> AskedLine:
    made = AskedLine(
        payee_name="医院",
        bank="工商银行",
        bank_number="6222000000000001",
        bank_holder="医院",
        amount_fen=10_000,
        reference="ZY-1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def person(**changes: object) -> AskedPerson:
    made = AskedPerson(
        identity_number=NUMBER,
        name="张建国",
        monthly_fen=234_560,
        bank="工商银行",
        bank_number="6222000000000001",
        bank_holder="张建国",
        since=Period(2021, 1),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_claim_that_ties_has_no_fault() -> None:
    lines = [line(), line(reference="ZY-2", identity_number=NUMBER)]
    assert not faults_in_claim(lines, control_lines=2, control_total_fen=20_000, today=TODAY)


def test_every_fault_of_a_claim_is_named_at_once() -> None:
    lines = [line(identity_number=NUMBER[:-1] + "0"), line(), line(identity_number="12")]
    faults = faults_in_claim(lines, control_lines=2, control_total_fen=1, today=TODAY)
    assert {(fault.pointer, fault.code) for fault in faults} >= {
        ("/lines/0/identity_number", "IDENTITY_NUMBER_CHECK_DIGIT"),
        ("/lines/2/identity_number", "IDENTITY_NUMBER_SHAPE"),
        ("/lines/0/reference", "REFERENCE_REPEATED"),
        ("/lines/1/reference", "REFERENCE_REPEATED"),
        ("/control/lines", "CONTROL_LINES_DIFFER"),
        ("/control/total", "CONTROL_TOTAL_DIFFERS"),
    }


def test_a_person_listed_twice_is_named() -> None:
    faults = faults_in_people([person(), person(monthly_fen=1)], TODAY)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/people/1/identity_number", "PERSON_REPEATED")
    ]


def test_an_implausible_pension_is_named() -> None:
    faults = faults_in_people([person(monthly_fen=MONTHLY_MAX_FEN + 1)], TODAY)
    assert [fault.code for fault in faults] == ["AMOUNT_IMPLAUSIBLE"]


def test_who_is_not_born_yet_is_not_entitled() -> None:
    unborn = with_check_digit("12010120990307123")
    assert [fault.code for fault in faults_in_people([person(identity_number=unborn)], TODAY)] == [
        "IDENTITY_NUMBER_DATE"
    ]


def test_a_fault_never_quotes_the_identity_number() -> None:
    wrong = NUMBER[:-1] + "0"
    faults = faults_in_people([person(identity_number=wrong)], TODAY)
    assert wrong not in repr(faults)


def test_a_month_that_has_not_begun_is_refused() -> None:
    require_begun(Period(2021, 8), TODAY)
    with pytest.raises(PeriodInFuture):
        require_begun(Period(2021, 9), TODAY)


def test_the_same_paper_has_the_same_hash_and_any_change_another() -> None:
    said = paper_hash(b"k", "a", None, [line()])
    assert said == paper_hash(b"k", "a", None, [line()])
    others = [
        paper_hash(b"another key", "a", None, [line()]),
        paper_hash(b"k", "b", None, [line()]),
        paper_hash(b"k", "a", "x", [line()]),
        paper_hash(b"k", "a", None, [line(), line()]),
        paper_hash(b"k", "a", None, [line(amount_fen=1)]),
        paper_hash(b"k", "a", None, [line(bank_number="1")]),
    ]
    assert said not in others


def row(fund: str, first: date, last: date | None) -> BenefitKind:
    return BenefitKind(
        kind="maternity_allowance",
        name="生育津贴",
        fund=fund,
        account="benefit.maternity_allowance",
        in_force_from=first,
        in_force_to=last,
        source="s",
    )


def test_the_fund_of_a_benefit_is_the_one_of_its_day() -> None:
    rows = [
        row("maternity", date(2018, 1, 1), date(2019, 12, 31)),
        row("medical", date(2020, 1, 1), None),
    ]
    kind = ClaimKind.MATERNITY_ALLOWANCE
    assert booking_of(kind, rows, date(2019, 12, 31)).fund == "maternity"
    assert booking_of(kind, rows, date(2020, 1, 1)).fund == "medical"
    with pytest.raises(NoBenefitKind):
        booking_of(kind, rows, date(2017, 1, 1))
    with pytest.raises(NoBenefitKind):
        booking_of(ClaimKind.PENSION_RUN, rows, date(2020, 1, 1))


def part(district: str, total_fen: int = 1) -> Part:
    return Part(
        part_no=1,
        claim=Ref.new(1),
        district=district,
        period=Period(2021, 7),
        account="benefit.hospital",
        lines=1,
        total_fen=total_fen,
    )


def test_a_batch_is_no_larger_than_one_hold_and_one_voucher_carry() -> None:
    require_bounded([part("heping", AMOUNT_MAX_FEN)])
    require_bounded([part("heping")] * 1000)
    with pytest.raises(BatchTooLarge):
        require_bounded([part("heping", AMOUNT_MAX_FEN), part("heping")])
    with pytest.raises(BatchTooLarge):
        require_bounded([part(f"d{at}") for at in range(BOOKINGS_MAX + 1)])
