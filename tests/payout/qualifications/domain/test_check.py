"""The check of an application: every reason at once, and the amount by the month of retirement."""

from dataclasses import replace
from datetime import date

import pytest

from services.payout.formulas.domain.person import PensionQuestion, PersonRecord, PersonYear
from services.payout.qualifications.domain.check import (
    CheckRules,
    EarlierBenefits,
    KnownPerson,
    OwedMonths,
    check,
    check_again,
)
from services.payout.qualifications.domain.qualification import BlockReason, CheckOutcome
from shared.errors import Faulty
from shared.period import Period
from tests.payout.support.formulas import book_of

ROWS = [
    {
        "rule": rule,
        "in_force_from": "2024-01-01",
        "in_force_to": "2025-12-31",
        "value": {"amount": "8000.00"},
    }
    for rule in ("pension_average", "index_wage")
]
TODAY = date(2026, 11, 30)
RECORD = PersonRecord(
    person="per_1",
    districts=("heping",),
    birth=Period(1965, 1),
    is_female=False,
    years=(PersonYear(insurance="pension", year=2024, months=12, bases_fen=9_600_000),),
    last_bases_fen={},
    account_fen=1_390_000,
)
KNOWN = KnownPerson(record=RECORD, name="王建国", owed=(), doubled_months=0)
NOTHING = EarlierBenefits()
YEARS = PensionQuestion(deemed_months=168)


def checked(
    known: KnownPerson = KNOWN,
    question: PensionQuestion = YEARS,
    *,
    today: date = TODAY,
    earlier: EarlierBenefits = NOTHING,
    waivable: frozenset[str] = frozenset(),
) -> CheckOutcome:
    rules = CheckRules(book=book_of(ROWS), waivable=waivable)
    return check(rules, today, known, question, earlier=earlier)


def test_rows_of_the_month_of_retirement_count() -> None:
    outcome = checked()
    assert (outcome.retirement, outcome.since) == (Period(2025, 2), Period(2025, 3))
    assert (outcome.paid_months, outcome.reasons, outcome.provisional) == (180, (), False)
    assert outcome.evidence["quoted_on"] == "2025-02-28"
    assert outcome.monthly_fen == sum(
        round(float(line["amount"]) * 100) for line in outcome.evidence["lines"]
    )


def test_every_reason_is_found_at_once() -> None:
    owed = OwedMonths("91120101MA00000019", 5, "2026-01", "2026-05")
    known = replace(KNOWN, owed=(owed,), doubled_months=3)
    earlier = EarlierBenefits(has_pension=True, account_claims=("clm_1", "clm_2"))
    outcome = checked(known, PensionQuestion(), earlier=earlier)
    assert outcome.reasons == (
        BlockReason.YEARS_TOO_FEW,
        BlockReason.UNIT_ARREARS,
        BlockReason.DOUBLE_COVER,
        BlockReason.PENSION_DRAWN,
        BlockReason.ACCOUNT_PAID,
    )
    assert outcome.evidence["details"]["account_paid"] == "clm_1; clm_2"
    assert "91120101MA00000019" in outcome.evidence["details"]["unit_arrears"]


def test_a_rule_lets_a_reason_pass() -> None:
    outcome = checked(replace(KNOWN, doubled_months=3), waivable=frozenset({"double_cover"}))
    assert (outcome.reasons, outcome.waived) == ((), (BlockReason.DOUBLE_COVER,))


def test_nobody_retires_before_the_month() -> None:
    outcome = checked(today=date(2025, 1, 31))
    assert outcome.reasons == (BlockReason.TOO_EARLY,)
    assert outcome.evidence["quoted_on"] == "2025-01-31"


def test_a_retirement_before_the_first_rows_has_no_amount() -> None:
    older = replace(KNOWN, record=replace(RECORD, birth=Period(1960, 1), years=()))
    outcome = checked(older, PensionQuestion(deemed_months=400))
    assert (outcome.retirement, outcome.monthly_fen) == (Period(2020, 1), None)
    assert outcome.reasons == (BlockReason.ROWS_MISSING,)
    assert outcome.evidence["lines"] == []


def test_records_that_contradict_a_stored_application_block_it() -> None:
    first, woman = checked(), replace(KNOWN, record=replace(RECORD, is_female=True))
    rules = CheckRules(book=book_of(ROWS), waivable=frozenset())
    outcome = check_again(rules, TODAY, woman, YEARS, earlier=NOTHING, before=first)
    assert (outcome.reasons, outcome.monthly_fen) == ((BlockReason.FACTS_WRONG,), None)
    assert outcome.evidence["details"]["facts_wrong"]
    assert check_again(rules, TODAY, KNOWN, YEARS, earlier=NOTHING, before=outcome) == first


def test_a_fault_points_at_the_application() -> None:
    woman = replace(KNOWN, record=replace(RECORD, is_female=True))
    with pytest.raises(Faulty) as refusal:
        checked(woman)
    assert [fault.pointer for fault in refusal.value.faults] == ["/category"]
