"""Faults of submitted changes of entitlements."""

from dataclasses import replace
from datetime import date

from services.payout.entitlements.domain.change import (
    MONTHLY_MAX_FEN,
    BankAccount,
    ChangeAction,
    ChangeDraft,
    PersonDraft,
    draft_faults,
)
from shared.cn.identity_number import with_check_digit
from shared.errors import Fault
from shared.period import Period

TODAY = date(2021, 8, 10)
NUMBER = with_check_digit("12010119500307123")
PERSON = PersonDraft(
    identity_number=NUMBER,
    kind="basic_pension",
    name="张建国",
    monthly_fen=234_560,
    account=BankAccount("工商银行", "6222000000000001", "张建国"),
    since=Period(2021, 1),
)
NOBODY = PersonDraft(identity_number=NUMBER, kind="basic_pension")


def faults_of(*people: PersonDraft, action: ChangeAction = ChangeAction.REGISTER) -> list[Fault]:
    draft = ChangeDraft(
        action=action, district="heping", reason="x", document="d", note=None, people=people
    )
    return draft_faults(draft, TODAY)


def codes(*people: PersonDraft, action: ChangeAction = ChangeAction.REGISTER) -> list[str]:
    return [fault.code for fault in faults_of(*people, action=action)]


def test_a_person_listed_twice_is_named() -> None:
    faults = faults_of(PERSON, replace(PERSON, monthly_fen=1))
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/people/1/identity_number", "PERSON_REPEATED")
    ]


def test_an_implausible_pension_is_named() -> None:
    assert codes(replace(PERSON, monthly_fen=MONTHLY_MAX_FEN + 1)) == ["AMOUNT_IMPLAUSIBLE"]


def test_a_birth_date_in_the_future_is_named() -> None:
    unborn = with_check_digit("12010120990307123")
    assert codes(replace(PERSON, identity_number=unborn)) == ["IDENTITY_NUMBER_DATE"]


def test_a_fault_never_quotes_the_identity_number() -> None:
    wrong = NUMBER[:-1] + "0"
    assert wrong not in repr(faults_of(replace(PERSON, identity_number=wrong)))


def test_each_action_names_its_missing_and_surplus_members() -> None:
    assert codes(NOBODY) == ["MEMBER_MISSING"] * 4
    assert codes(PERSON, action=ChangeAction.SUSPEND) == ["MEMBER_UNUSED"] * 3
    assert codes(NOBODY, action=ChangeAction.END) == ["MEMBER_MISSING"]
    assert codes(replace(NOBODY, event_on=TODAY), action=ChangeAction.END) == []
    late = replace(NOBODY, since=Period(2022, 9))
    assert codes(late, action=ChangeAction.SUSPEND) == ["PERIOD_TOO_LATE"]
    unborn = replace(NOBODY, event_on=date(2021, 8, 11))
    assert codes(unborn, action=ChangeAction.END) == ["DATE_IN_FUTURE"]


def test_an_account_of_another_holder_needs_a_reason() -> None:
    other = replace(PERSON, account=BankAccount("工商银行", "6222000000000001", "李四"))
    assert codes(other) == ["HOLDER_DIFFERS"]
    assert codes(replace(other, holder_reason="guardian")) == []
    spaced = BankAccount("工商银行", "6222000000000001", "张 建国")
    assert codes(replace(PERSON, account=spaced)) == []
