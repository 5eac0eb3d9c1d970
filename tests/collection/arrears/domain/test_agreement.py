"""Deferrals and repayment plans: what they protect, what ends them, what may not be filed."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collection.arrears.domain.agreement import (
    Agreement,
    AgreementKind,
    AgreementState,
    Instalment,
    faults_in,
)
from services.collection.policy.domain.charge import Span
from services.collection.policy.domain.charge_timeline import ChargeRules
from shared.period import Period

FIRST = date(2021, 8, 1)
RULES = ChargeRules(rates=())


def a_deferral(**other: object) -> Agreement:
    facts = {
        "unit_id": 7,
        "id": UUID(int=1),
        "kind": AgreementKind.DEFERRAL,
        "credit_code": "c",
        "district": "heping",
        "insurances": ("pension",),
        "period_from": Period(2021, 7),
        "period_to": Period(2021, 9),
        "from_day": FIRST,
        "to_day": date(2022, 1, 31),
        "status": AgreementState.APPROVED,
        "ended_on": None,
        "reason": "r",
    }
    return Agreement(**facts | other)  # type: ignore[arg-type]


def a_plan(*parts: tuple[date, int], **other: object) -> Agreement:
    instalments = tuple(
        Instalment(number=number, due_on=day, amount_fen=fen)
        for number, (day, fen) in enumerate(parts, 1)
    )
    return a_deferral(
        kind=AgreementKind.REPAYMENT, instalments=instalments, to_day=parts[-1][0], **other
    )


PLAN = a_plan((date(2021, 9, 10), 100), (date(2021, 10, 10), 100), (date(2021, 11, 10), 100))


def codes(agreement: Agreement, rules: ChargeRules = RULES, open_fen: int = 0) -> set[tuple]:
    found = faults_in(agreement, rules, ["pension", "medical"], open_fen)
    return {(fault.pointer, fault.code) for fault in found}


def test_it_speaks_of_its_insurances_and_periods_only() -> None:
    assert a_deferral().covers("pension", Period(2021, 9))
    assert not a_deferral().covers("medical", Period(2021, 9))
    assert not a_deferral().covers("pension", Period(2021, 10))


@pytest.mark.parametrize("status", [AgreementState.FILED, AgreementState.REFUSED])
def test_what_is_not_approved_protects_nothing(status: AgreementState) -> None:
    assert a_deferral(status=status).protection({}, date(2022, 1, 1)) is None
    assert not a_deferral(status=status).defers(date(2021, 9, 1))


def test_a_deferral_in_force_defers_until_its_last_day() -> None:
    assert a_deferral().defers(FIRST)
    assert a_deferral().defers(date(2022, 1, 31))
    assert not a_deferral().defers(date(2022, 2, 1))
    assert not a_deferral().defers(FIRST - timedelta(1))
    assert not PLAN.defers(date(2021, 9, 1)), "a plan does not count as paid"


def test_an_agreement_that_was_ended_protects_until_that_day() -> None:
    ended = a_deferral(status=AgreementState.ENDED, ended_on=date(2021, 9, 30))
    assert ended.protection({}, date(2022, 1, 1)) == Span(FIRST, date(2021, 9, 30))
    assert not ended.defers(date(2021, 10, 1))
    before = a_deferral(status=AgreementState.ENDED, ended_on=FIRST - timedelta(1))
    assert before.protection({}, date(2022, 1, 1)) is None


def test_a_plan_protects_until_its_last_instalment_while_it_is_kept() -> None:
    paid = {date(2021, 9, 10): 100, date(2021, 10, 1): 150, date(2021, 11, 10): 50}
    assert PLAN.broken_on(paid, date(2022, 1, 1)) is None
    assert PLAN.protection(paid, date(2022, 1, 1)) == Span(FIRST, date(2021, 11, 10))


def test_a_missed_instalment_ends_the_protection_on_its_day() -> None:
    paid = {date(2021, 9, 10): 100, date(2021, 10, 11): 200}
    assert PLAN.broken_on(paid, date(2021, 10, 10)) is None, "it can still be paid on the day"
    assert PLAN.broken_on(paid, date(2021, 10, 11)) == date(2021, 10, 11)
    assert PLAN.protection(paid, date(2022, 1, 1)) == Span(FIRST, date(2021, 10, 10))


def test_a_plan_of_which_nothing_was_paid_protects_to_its_first_instalment() -> None:
    assert PLAN.protection({}, date(2022, 1, 1)) == Span(FIRST, date(2021, 9, 10))


def test_faults_of_a_deferral_are_all_named() -> None:
    assert codes(a_deferral()) == set()
    assert codes(a_deferral(to_day=date(2022, 2, 1))) == {("/to_day", "DEFERRAL_TOO_LONG")}
    assert codes(a_deferral(period_to=Period(2022, 1))) == {("/period_to", "DEFERRAL_TOO_LONG")}
    rules = replace(RULES, deferrable=("medical",))
    wrong = a_deferral(
        insurances=("pension", "weather", "pension"),
        period_to=Period(2021, 6),
        to_day=FIRST - timedelta(1),
        instalments=PLAN.instalments,
    )
    assert codes(wrong, rules) == {
        ("/insurances/0", "NOT_DEFERRABLE"),
        ("/insurances/1", "INSURANCE_UNKNOWN"),
        ("/insurances/1", "NOT_DEFERRABLE"),
        ("/insurances/2", "INSURANCE_REPEATED"),
        ("/insurances/2", "NOT_DEFERRABLE"),
        ("/period_to", "PERIODS_REVERSED"),
        ("/to_day", "DAYS_REVERSED"),
        ("/instalments", "INSTALMENTS_NOT_FOR_DEFERRAL"),
    }


def test_faults_of_a_plan_are_all_named() -> None:
    assert codes(PLAN, open_fen=300) == set()
    assert codes(PLAN, open_fen=301) == {("/instalments", "PLAN_TOTAL_DIFFERS")}
    assert codes(replace(PLAN, instalments=())) == {("/instalments", "INSTALMENTS_MISSING")}
    wrong = a_plan((FIRST - timedelta(1), 1), (date(2021, 9, 1), 1), (date(2021, 9, 1), 1))
    assert codes(wrong, open_fen=3) == {
        ("/instalments/0/due_on", "INSTALMENT_OUT_OF_ORDER"),
        ("/instalments/2/due_on", "INSTALMENT_OUT_OF_ORDER"),
    }


def test_agreements_overlap_by_insurance_and_period() -> None:
    one = a_deferral()
    assert one.overlaps(a_deferral(period_from=Period(2021, 9), period_to=Period(2021, 12)))
    assert not one.overlaps(a_deferral(period_from=Period(2021, 10), period_to=Period(2021, 12)))
    assert not one.overlaps(a_deferral(insurances=("medical",)))


payments = st.dictionaries(
    st.dates(date(2021, 8, 1), date(2021, 12, 31)), st.integers(1, 200), max_size=6
)


@given(payments, st.dates(date(2021, 8, 1), date(2022, 1, 31)), st.integers(0, 60))
def test_what_is_protected_on_a_day_does_not_depend_on_what_comes_later(paid, as_of, more) -> None:
    """A broken instalment stays broken; protection before the day stays."""
    known = {day: fen for day, fen in paid.items() if day <= as_of}
    now, later = PLAN.protection(known, as_of), PLAN.protection(paid, as_of + timedelta(more))
    assert now is not None
    assert later is not None
    assert min(now.last, as_of) <= later.last <= now.last
