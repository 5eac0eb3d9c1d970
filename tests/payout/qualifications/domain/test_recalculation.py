"""Corrections by a published figure, and the people left out because something else changed."""

from dataclasses import replace
from datetime import date

import pytest

from services.payout.formulas.domain.person import PensionQuestion, PersonRecord, PersonYear
from services.payout.qualifications.domain.check import (
    CheckRules,
    EarlierBenefits,
    KnownPerson,
    check,
)
from services.payout.qualifications.domain.qualification import Qualification, QualificationStatus
from services.payout.qualifications.domain.recalculation import (
    Recalculation,
    SkippedRecalculation,
    SkipReason,
    recalculated,
    without_faulty,
)
from shared.errors import Fault
from shared.ids import Ref
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
ROWS[1]["in_force_from"] = "2022-01-01"
RULES = CheckRules(book=book_of(ROWS), waivable=frozenset())
TODAY = date(2026, 11, 30)
YEAR = PersonYear(insurance="pension", year=2024, months=12, bases_fen=9_600_000)
RECORD = PersonRecord(
    person="per_1",
    districts=("heping",),
    birth=Period(1965, 1),
    is_female=False,
    years=(YEAR, replace(YEAR, year=2023)),
    last_bases_fen={},
    account_fen=1_390_000,
)
KNOWN = KnownPerson(record=RECORD, name="王建国", owed=(), doubled_months=0)
PAPER = Qualification(
    ref=Ref.new(1),
    district="heping",
    round=1,
    status=QualificationStatus.APPROVED,
    step=None,
    person_id=1,
    blind=b"",
    sealed_number=b"",
    name=b"",
    category=None,
    chosen=None,
    deemed_months=168,
    before_account_months=0,
    bank="",
    bank_number=b"",
    bank_holder=b"",
    holder_reason=None,
    document="",
    outcome=check(
        RULES, TODAY, KNOWN, PensionQuestion(deemed_months=168), earlier=EarlierBenefits()
    ),
    note=None,
    filed_by="clerk",
)


def known(**changes: object) -> KnownPerson:
    return replace(KNOWN, record=replace(RECORD, **changes))


def test_the_same_records_are_computed_by_the_account_of_then() -> None:
    one = recalculated(RULES, PAPER, known(account_fen=9_990_000))
    assert isinstance(one, Recalculation)
    assert one.after_fen == one.before_fen


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (None, SkipReason.PERSON_UNKNOWN),
        (known(is_female=True), SkipReason.FACTS_WRONG),
        (known(years=()), SkipReason.CHECK_FAILED),
        (replace(KNOWN, doubled_months=3), SkipReason.CHECK_FAILED),
        (known(years=(YEAR,)), SkipReason.RECORDS_CHANGED),
        (known(years=(*RECORD.years, replace(YEAR, year=2022))), SkipReason.RECORDS_CHANGED),
        (known(birth=Period(1965, 2)), SkipReason.RECORDS_CHANGED),
    ],
)
def test_who_changed_otherwise_is_left_out(now: KnownPerson | None, reason: SkipReason) -> None:
    one = recalculated(RULES, PAPER, now)
    assert isinstance(one, SkippedRecalculation)
    assert one.reason is reason


def test_a_figure_that_is_missing_leaves_the_pension_waiting() -> None:
    average = ROWS[0] | {"in_force_to": "2024-12-31"}
    rules = CheckRules(book=book_of([average, ROWS[1]]), waivable=frozenset())
    assert recalculated(rules, PAPER, KNOWN) is None


def test_faulty_people_of_a_refused_paper_are_parted_from_the_others() -> None:
    one = recalculated(RULES, PAPER, KNOWN)
    assert isinstance(one, Recalculation)
    faults = [Fault("/people/1/from", "ENTITLEMENT_UNKNOWN", "x"), Fault("/people/1", "Y", "y")]
    parted = without_faulty([one, one, one], faults)
    assert parted is not None
    left, skipped = parted
    assert (len(left), [skip.detail for skip in skipped]) == (2, ["x; y"])
    assert without_faulty([one], [*faults, Fault("/document", "Z", "z")]) is None
