"""Benefit kinds by day, and rows that two people correct."""

from dataclasses import replace
from datetime import date

import pytest

from services.payout.benefits.domain import (
    BenefitKind,
    BenefitKindNotFiled,
    BenefitKindNotInForce,
    ClaimKind,
    Once,
    Origin,
    benefit_kind_on,
    require_filed,
    row_faults,
    row_of_claim,
    rows_after,
    siblings_of,
)

KIND = "maternity_allowance"


def row(fund: str, first: date, last: date | None = None) -> BenefitKind:
    return BenefitKind(
        kind=KIND,
        name="生育津贴",
        fund=fund,
        account="benefit.maternity_allowance",
        in_force_from=first,
        in_force_to=last,
        source="s",
    )


ROWS = [row("maternity", date(2018, 1, 1), date(2019, 12, 31)), row("medical", date(2020, 1, 1))]


def test_the_fund_of_a_benefit_is_the_one_of_its_day() -> None:
    assert benefit_kind_on(KIND, ROWS, date(2019, 12, 31)).fund == "maternity"
    assert benefit_kind_on(KIND, ROWS, date(2020, 1, 1)).fund == "medical"
    with pytest.raises(BenefitKindNotInForce):
        benefit_kind_on(KIND, ROWS, date(2017, 1, 1))
    with pytest.raises(BenefitKindNotInForce):
        benefit_kind_on(ClaimKind.PENSION_RUN, ROWS, date(2020, 1, 1))


def test_a_run_is_not_filed_by_hand() -> None:
    require_filed(ROWS[0])
    with pytest.raises(BenefitKindNotFiled):
        require_filed(replace(ROWS[0], origin=Origin.RUN))


def test_a_later_row_ends_the_one_before_it() -> None:
    new = row("medical", date(2026, 1, 1))
    assert not row_faults(new, ROWS)
    after = rows_after(new, ROWS)
    assert [(one.in_force_from.year, one.in_force_to) for one in after] == [
        (2018, date(2019, 12, 31)),
        (2020, date(2025, 12, 31)),
        (2026, None),
    ]


def test_a_row_of_the_same_first_day_replaces_the_one_that_stood() -> None:
    new = replace(ROWS[1], fund="serious_illness")
    assert rows_after(new, ROWS) == [ROWS[0], new]


def test_every_fault_of_a_row_is_named_at_once() -> None:
    wrong = replace(
        row("medical", date(2019, 1, 1)),
        once=Once.PERSON,
        checks_arrears=True,
        origin=Origin.COMPUTED,
    )
    assert [(fault.pointer, fault.code) for fault in row_faults(wrong, ROWS)] == [
        ("/in_force_to", "DAYS_OVERLAP"),
        ("/needs_person", "PERSON_NEEDED"),
        ("/needs_employer", "EMPLOYER_NEEDED"),
        ("/origin", "ORIGIN_FIXED"),
    ]
    reversed_days = replace(ROWS[1], in_force_to=date(2019, 1, 1))
    assert [fault.code for fault in row_faults(reversed_days, ROWS)] == ["DAYS_REVERSED"]


def test_the_day_of_filing_chooses_the_fund_and_no_condition() -> None:
    strict = replace(ROWS[1], documents=("birth_certificate",), line_limit_fen=100, signatures=3)
    rows = [replace(ROWS[0], signatures=2), strict]
    found = row_of_claim(KIND, rows, date(2019, 12, 1), date(2026, 1, 1))
    assert found == replace(strict, fund="maternity")
    ended = row_of_claim(KIND, rows[:1], date(2019, 12, 1), date(2026, 1, 1))
    assert ended == rows[0], "the last conditions of a kind that has ended"


def test_kinds_of_a_group_have_one_key() -> None:
    funeral = replace(ROWS[1], kind="a", once=Once.PERSON, event_group="funeral", needs_person=True)
    other = replace(funeral, kind="b", once=Once.MONTH)
    assert siblings_of(funeral, [funeral, other, replace(other, kind="c", event_group=None)]) == [
        other
    ]
    codes = [fault.code for fault in row_faults(funeral, [], siblings=[other])]
    assert codes == ["GROUP_KEY_DIFFERS"]
    assert not row_faults(funeral, [], siblings=[replace(other, once=Once.PERSON)])
    birth = replace(funeral, once=Once.BIRTH)
    assert [fault.code for fault in row_faults(birth, [])] == ["GROUP_KEY_DIFFERS"]


def test_a_claimed_kind_keeps_the_key_of_what_was_paid() -> None:
    rows = [replace(ROWS[1], once=Once.PAPER)]
    other = replace(rows[0], once=Once.NONE)
    assert [fault.code for fault in row_faults(other, rows, claimed=True)] == ["ONCE_FIXED"]
    assert not row_faults(other, rows)
    assert not row_faults(rows[0], [other], claimed=True), "a key may be added"
