"""Faults of submitted entitlements."""

from dataclasses import replace
from datetime import date

from services.payout.entitlements.domain.entitlement import (
    MONTHLY_MAX_FEN,
    EntitlementDraft,
    draft_faults,
)
from shared.cn.identity_number import with_check_digit
from shared.period import Period

TODAY = date(2021, 8, 10)
NUMBER = with_check_digit("12010119500307123")


def draft(**changes: object) -> EntitlementDraft:
    plain = EntitlementDraft(
        identity_number=NUMBER,
        name="张建国",
        monthly_fen=234_560,
        bank="工商银行",
        bank_number="6222000000000001",
        bank_holder="张建国",
        since=Period(2021, 1),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_person_listed_twice_is_named() -> None:
    faults = draft_faults([draft(), draft(monthly_fen=1)], TODAY)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/people/1/identity_number", "PERSON_REPEATED")
    ]


def test_an_implausible_pension_is_named() -> None:
    faults = draft_faults([draft(monthly_fen=MONTHLY_MAX_FEN + 1)], TODAY)
    assert [fault.code for fault in faults] == ["AMOUNT_IMPLAUSIBLE"]


def test_a_birth_date_in_the_future_is_named() -> None:
    unborn = with_check_digit("12010120990307123")
    assert [fault.code for fault in draft_faults([draft(identity_number=unborn)], TODAY)] == [
        "IDENTITY_NUMBER_DATE"
    ]


def test_a_fault_never_quotes_the_identity_number() -> None:
    wrong = NUMBER[:-1] + "0"
    faults = draft_faults([draft(identity_number=wrong)], TODAY)
    assert wrong not in repr(faults)
