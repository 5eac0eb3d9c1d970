"""Which record pays on after a merger, and which of two lines counts."""

from uuid import UUID

import pytest

from services.payout.claims.domain.event import ClaimedEvent
from services.payout.mergers.domain import (
    PaidLine,
    RecordState,
    old_one_stays,
    second_events,
    second_months,
)
from shared.ids import Ref
from shared.period import Period

NONE, PAYING, ENDED, DEAD = RecordState


@pytest.mark.parametrize(
    ("old", "survivor", "stays"),
    [
        (NONE, PAYING, False),
        (NONE, NONE, False),
        (PAYING, NONE, True),
        (ENDED, NONE, True),
        (PAYING, PAYING, False),
        (PAYING, ENDED, True),
        (ENDED, PAYING, False),
        (ENDED, ENDED, False),
        (DEAD, PAYING, True),
        (PAYING, DEAD, False),
        (DEAD, DEAD, False),
    ],
)
def test_one_entitlement_stays(old: RecordState, survivor: RecordState, stays: bool) -> None:
    assert old_one_stays(old, survivor) is stays


def line(claim: int, *, old: bool, event: str = "2021-07", rank: int = 0) -> PaidLine:
    return PaidLine(of_old=old, event=event, claim=Ref(1, UUID(int=claim)), line_no=1, rank=rank)


@pytest.mark.parametrize("old_first", [True, False])
def test_of_two_unpaid_lines_the_one_of_the_record_that_pays_on_counts(old_first: bool) -> None:
    mine, others = line(1, old=True), line(2, old=False)
    (found,) = second_months([mine, others], old_first=old_first)
    assert (found.first, found.line) == ((mine, others) if old_first else (others, mine))


@pytest.mark.parametrize(("old_rank", "new_rank"), [(2, 1), (2, 0), (1, 0)])
def test_the_line_whose_payment_is_further_counts(old_rank: int, new_rank: int) -> None:
    further, other = line(1, old=True, rank=old_rank), line(2, old=False, rank=new_rank)
    (found,) = second_months([other, further], old_first=False)
    assert (found.first, found.line) == (further, other)


def test_a_month_of_one_record_with_its_raise_is_no_double() -> None:
    lines = [line(1, old=True), line(2, old=True), line(3, old=False, event="2021-08")]
    assert second_months(lines, old_first=True) == []


def test_the_parts_of_a_month_belong_together() -> None:
    paid, raised, other = line(1, old=True, rank=2), line(2, old=True), line(3, old=False)
    found = second_months([paid, raised, other], old_first=False)
    assert [second.line for second in found] == [other]
    found = second_months([line(3, old=False, rank=2), paid, raised], old_first=False)
    assert [second.line for second in found] == [paid, raised]


def birth(claim: int, month: str, *, old: bool, rank: int = 0) -> tuple[PaidLine, ClaimedEvent]:
    text = f"maternity_allowance:{month}"
    about = line(claim, old=old, event=text, rank=rank)
    return about, ClaimedEvent(
        key=1, text=text, period=Period(2021, 7), claim=about.claim, line_no=1
    )


@pytest.mark.parametrize(
    ("month", "other", "same"),
    [
        ("2021-06", "2021-06", True),
        ("2021-06", "2021-07", True),
        ("", "2021-06", True),
        ("2021-06", "2019-06", False),
    ],
)
def test_births_of_two_records_are_compared(month: str, other: str, same: bool) -> None:
    one, one_event = birth(1, month, old=True)
    two, two_event = birth(2, other, old=False)
    found = second_events([one, two], [(True, one_event), (False, two_event)])
    assert [(second.first, second.line) for second in found] == ([(one, two)] if same else [])


def test_the_paid_claim_counts_before_the_first_filed() -> None:
    one, one_event = birth(1, "2021-06", old=True)
    two, two_event = birth(2, "2021-06", old=False, rank=2)
    (found,) = second_events([one, two], [(True, one_event), (False, two_event)])
    assert (found.first, found.line) == (two, one)
