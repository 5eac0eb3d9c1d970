"""A fact of a closed day: booked on the first open day, with its own day as the value date."""

from dataclasses import replace
from datetime import date, timedelta

from services.ledger.common.domain.refusal import DayClosed, FundUnknown
from services.ledger.posting.domain.batch import (
    CommandGroup,
    Decision,
    Outcome,
    PostedVoucher,
    Posting,
    PriorAnswers,
    PriorVoucher,
    SlotState,
)
from services.ledger.posting.domain.check import Checker
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.entries import entries_of
from services.ledger.posting.domain.voucher import GENESIS, Draft, moved_to
from tests.ledger.support.making import DAY, receipt_draft, shipped

NEXT = DAY + timedelta(days=1)
CLOSED = SlotState(slot=1, revision=5, seq=10, hash=GENESIS, closed_until=DAY)


def outcome(
    posting: Posting, known: PriorAnswers | None = None, state: SlotState = CLOSED
) -> tuple[Decision, Outcome]:
    decision = decide(
        state,
        [CommandGroup((posting,))],
        known or PriorAnswers(),
        floored=frozenset(),
        today=DAY,
        recorded_at="2021-07-15T08:00:00.000000Z",
    )
    return decision, decision.outcomes[0][0]


def test_a_fact_is_booked_on_the_first_open_day_and_keeps_its_value_date() -> None:
    decision, booked = outcome(Posting(receipt_draft(may_move=True)))
    assert isinstance(booked, PostedVoucher)
    assert booked.book_date == NEXT
    (chained,) = decision.posted
    assert (chained.draft.book_date, chained.draft.value_date) == (NEXT, DAY)


def test_a_value_date_of_its_own_is_kept() -> None:
    paid = DAY - timedelta(days=3)
    decision, _ = outcome(Posting(receipt_draft(may_move=True, value_date=paid)))
    assert decision.posted[0].draft.value_date == paid


def test_a_chosen_day_is_refused() -> None:
    _, refused = outcome(Posting(receipt_draft()))
    assert isinstance(refused, DayClosed)


def test_an_open_day_stays() -> None:
    open_state = replace(CLOSED, closed_until=DAY - timedelta(days=1))
    _, booked = outcome(Posting(receipt_draft(may_move=True)), state=open_state)
    assert isinstance(booked, PostedVoucher)
    assert booked.book_date == DAY


def test_a_repeat_gets_the_first_place_and_day() -> None:
    sent = receipt_draft(may_move=True)
    first = moved_to(sent, NEXT)
    prior = PriorVoucher(PostedVoucher(1, 3, b"h", NEXT, replayed=True), first.body_hash, first)
    known = PriorAnswers(events={(sent.source, sent.event_id): prior})
    decision, booked = outcome(Posting(sent), known)
    assert isinstance(booked, PostedVoucher)
    assert (booked.replayed, booked.seq, booked.book_date) == (True, 3, NEXT)
    assert not decision.posted
    other = receipt_draft(1, may_move=True, event_id=sent.event_id)
    assert getattr(outcome(Posting(other), known)[1], "code", None) == "EVENT_ID_REUSED"


def test_the_moved_voucher_is_checked_by_the_chart_of_its_new_day() -> None:
    old = date(2016, 6, 26)  # the day before long-term care began
    checker = Checker(shipped())
    care = receipt_draft(book_date=old, may_move=True)
    lines = tuple(line._replace(fund="long_term_care") for line in care.lines)
    care = replace(care, entries=entries_of(lines))
    refusal = checker.check(care, DAY)
    assert isinstance(refusal, FundUnknown)

    def check(draft: Draft) -> FundUnknown | None:
        return checker.check_moved(draft, DAY)  # type: ignore[return-value]

    state = replace(CLOSED, closed_until=old)
    _, booked = outcome(Posting(care, refusal, check_moved=check), state=state)
    assert isinstance(booked, PostedVoucher)


def test_tomorrow_is_open_to_facts_when_today_is_closed() -> None:
    moved = moved_to(receipt_draft(may_move=True), NEXT)
    checker = Checker(shipped())
    assert checker.check_moved(moved, DAY) is None
    assert checker.check(moved, DAY) is not None
