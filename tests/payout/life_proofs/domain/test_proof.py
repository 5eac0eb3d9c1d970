"""Proofs of life: when one is due, missed or given."""

from datetime import date

import pytest

from services.payout.entitlements.domain.rule import LifeProofRule
from services.payout.life_proofs.domain.proof import (
    ProofDraft,
    ProofState,
    proof_faults,
    proof_state,
)
from shared.cn.identity_number import with_check_digit
from shared.period import Period

BORN, SINCE = date(1950, 3, 7), Period(2015, 1)
BY_BIRTH = LifeProofRule(month=None, early_months=3, grace_months=2)
APRIL = LifeProofRule(month=4, early_months=0, grace_months=0)


def state(
    rule: LifeProofRule, today: date, proved_on: date | None, since: Period = SINCE
) -> tuple[str, str | None]:
    found, due = proof_state(rule, BORN, since, proved_on, today)
    return found.value, None if due is None else str(due)


@pytest.mark.parametrize(
    ("today", "proved_on", "found"),
    [
        (date(2020, 11, 30), date(2020, 2, 1), ("given", "2020-03")),
        (date(2020, 12, 1), date(2020, 2, 1), ("due", "2021-03")),
        (date(2021, 5, 31), date(2020, 2, 1), ("due", "2021-03")),
        (date(2021, 6, 1), date(2020, 2, 1), ("missed", "2021-03")),
        (date(2021, 6, 1), date(2020, 12, 1), ("given", "2021-03")),
        (date(2021, 9, 1), date(2021, 8, 20), ("given", "2021-03")),
        (date(2021, 12, 5), date(2020, 2, 1), ("missed", "2021-03")),
        (date(2021, 12, 5), date(2021, 8, 20), ("due", "2022-03")),
    ],
)
def test_a_proof_counts_from_before_its_month_and_is_missed_after_the_grace(
    today: date, proved_on: date, found: tuple[str, str]
) -> None:
    assert state(BY_BIRTH, today, proved_on) == found


def test_who_opened_a_pension_in_a_cycle_was_there_in_person() -> None:
    assert state(BY_BIRTH, date(2021, 6, 1), None, Period(2020, 12)) == ("given", "2021-03")
    assert state(BY_BIRTH, date(2021, 6, 1), None, Period(2020, 11)) == ("missed", "2021-03")


def test_one_month_for_all_without_grace() -> None:
    assert state(APRIL, date(2021, 4, 30), date(2020, 4, 2)) == ("due", "2021-04")
    assert state(APRIL, date(2021, 5, 1), date(2020, 4, 2)) == ("missed", "2021-04")
    assert state(APRIL, date(2021, 3, 31), date(2020, 4, 2)) == ("given", "2020-04")


def test_nobody_owes_a_proof_before_the_first_cycle_or_the_age() -> None:
    first = LifeProofRule(month=4, early_months=0, grace_months=0, first_due=Period(2022, 4))
    assert state(first, date(2021, 12, 1), None) == ("given", None)
    assert state(first, date(2022, 4, 1), None) == ("due", "2022-04")
    old = LifeProofRule(month=4, early_months=0, grace_months=0, from_age=71)
    assert state(old, date(2021, 3, 1), None) == ("given", None)
    assert state(old, date(2021, 4, 1), None) == ("due", "2021-04")


def test_faults_of_proofs_are_named() -> None:
    good = with_check_digit("12010119500307123")
    drafts = [
        ProofDraft(identity_number="1", proved_on=date(2021, 4, 1)),
        ProofDraft(identity_number=good, proved_on=date(2021, 4, 2)),
    ]
    assert [fault.pointer for fault in proof_faults(drafts, date(2021, 4, 1))] == [
        "/proofs/0/identity_number",
        "/proofs/1/proved_on",
    ]
    assert ProofState("due") is ProofState.DUE
