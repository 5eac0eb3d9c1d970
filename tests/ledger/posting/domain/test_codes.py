"""Of several reasons to refuse, the documented first one is the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest

from services.ledger.common.domain import refusal as refusal_rules
from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.batch import (
    CommandGroup,
    Decision,
    PostedVoucher,
    Posting,
    PriorAnswers,
    PriorVoucher,
    SlotState,
)
from services.ledger.posting.domain.check import PRECEDENCE, Checker
from services.ledger.posting.domain.codes import STAGES, rank
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.entries import Line, entries_of
from services.ledger.posting.domain.reversal import remaining
from services.ledger.posting.domain.suspense import ReceiptExpected, SuspenseExceeded
from services.ledger.posting.domain.voucher import GENESIS, Draft
from tests.ledger.support.making import DAY, centre_draft, line, lines, receipt_draft, shipped

OPEN = SlotState(slot=0, revision=1, seq=0, hash=GENESIS)
CLOSED = replace(OPEN, closed_until=DAY)


def pay(**changes: object) -> Draft:
    return centre_draft("payment", "benefit.basic_pension", "expenditure_deposit", 5, **changes)


def run(state: SlotState, post: Posting, known: PriorAnswers | None = None) -> Decision:
    return decide(
        state,
        [CommandGroup((post,))],
        known or PriorAnswers(),
        floored=frozenset({"expenditure_deposit"}),
        today=DAY + timedelta(days=1),
        recorded_at="x",
    )


def known(post: Posting) -> PriorAnswers:
    key = (post.draft.source, post.draft.event_id)
    return PriorAnswers(
        events={key: PriorVoucher(PostedVoucher(0, 1, b"", DAY, replayed=True), b"another")}
    )


RED = replace(receipt_draft(-9, owner="centre"), reverses_seq=3, hold="hld_x")
MATCH = replace(
    centre_draft("match", "suspense_receipts", "expenditure_deposit", 5, hold="hld_x"),
    references={"receipt": "rcp_1"},
)
FAULTY = Posting(pay(), refusal_rules.Unbalanced())
NOTHING = PriorAnswers(remaining={3: {}})
SOME = PriorAnswers(remaining={3: remaining(receipt_draft(5).lines)})
LADDER: list[tuple[Callable[[], Decision], type[LedgerRefusal]]] = [
    (lambda: run(CLOSED, FAULTY, known(FAULTY)), refusal_rules.EventIdReused),
    (
        lambda: run(CLOSED, Posting(RED, refusal_rules.AmountNotPositive()), NOTHING),
        refusal_rules.AmountNotPositive,
    ),
    (lambda: run(CLOSED, Posting(RED), NOTHING), refusal_rules.AlreadyReversed),
    (lambda: run(CLOSED, Posting(RED), SOME), refusal_rules.ReversalExceeded),
    (lambda: run(CLOSED, Posting(MATCH)), refusal_rules.DayClosed),
    (lambda: run(OPEN, Posting(MATCH)), SuspenseExceeded),
    (lambda: run(OPEN, Posting(pay(hold="hld_x"))), refusal_rules.HoldUnknown),
    (lambda: run(OPEN, Posting(pay())), refusal_rules.InsufficientFunds),
]


@pytest.mark.parametrize(("play", "expected"), LADDER, ids=[one.code for _, one in LADDER])
def test_each_reason_hides_those_that_come_after_it(
    play: Callable[[], Decision], expected: type[LedgerRefusal]
) -> None:
    [(outcome,)] = play().outcomes
    assert type(outcome) is expected


def test_the_ladder_is_the_documented_order() -> None:
    ranks = [rank(refusal) for _, refusal in LADDER]
    assert ranks == sorted(ranks)


def test_every_refusal_of_posting_is_documented_once() -> None:
    listed = [one for _, stage in STAGES for one in stage]
    assert len(listed) == len(set(listed))
    settlements = {refusal_rules.AmountsExpected, refusal_rules.AmountsNotExpected}
    own = {
        one
        for one in vars(refusal_rules).values()
        if isinstance(one, type) and issubclass(one, LedgerRefusal) and one is not LedgerRefusal
    }
    assert own - settlements <= set(listed)


# --- the voucher by itself: every pair of faults in one voucher --------------------------------


def also(draft: Draft, *more: Line, **changes: object) -> Draft:
    values: dict[str, object] = {"entries": entries_of((*draft.lines, *more))} | changes
    return replace(draft, **values)  # type: ignore[arg-type]


SPOILS: dict[type[LedgerRefusal], Callable[[Draft], Draft]] = {
    refusal_rules.Unbalanced: lambda d: also(d, line("income_deposit", 1, 0)),
    refusal_rules.AmountNotPositive: lambda d: also(
        d, *lines("income_deposit", "contribution_income.pooled", -7)
    ),
    refusal_rules.OwnerNotCentre: lambda d: also(d, *lines("income_deposit", "fiscal_deposit", 7)),
    refusal_rules.FundUnknown: lambda d: also(
        d, *lines("income_deposit", "contribution_income.pooled", 7, fund="no_such")
    ),
    refusal_rules.AccountUnknown: lambda d: also(
        d, *lines("income_deposit", "contribution_income.nobody", 7)
    ),
    refusal_rules.AccountNotInBook: lambda d: also(d, *lines("income_deposit", "memo_levied", 7)),
    refusal_rules.AccountNotInFund: lambda d: also(
        d, *lines("benefit.unemployment", "contribution_income.pooled", 7)
    ),
    refusal_rules.FlowForbidden: lambda d: also(d, *lines("cash", "income_deposit", 7)),
    refusal_rules.SenderForbidden: lambda d: also(
        d, *lines("income_deposit", "suspense_receipts", 7), sender="payout_service"
    ),
    ReceiptExpected: lambda d: also(d, kind="match"),
    refusal_rules.BookDateInFuture: lambda d: also(d, value_date=DAY + timedelta(days=99)),
}
CHECKER = Checker(shipped())
TODAY = DAY + timedelta(days=1)


def test_every_fault_of_a_voucher_by_itself_is_in_the_table() -> None:
    assert (*SPOILS, refusal_rules.HoldExpected) == tuple(
        sorted(PRECEDENCE, key=lambda one: one is refusal_rules.HoldExpected)
    )
    assert CHECKER.check(receipt_draft(), TODAY) is None


@pytest.mark.parametrize(
    ("first", "second"), list(combinations(SPOILS, 2)), ids=lambda one: one.code
)
def test_of_two_faults_of_a_voucher_the_documented_first_one_answers_and_both_are_named(
    first: type[LedgerRefusal], second: type[LedgerRefusal]
) -> None:
    for spoils in ((first, second), (second, first)):
        draft = receipt_draft()
        for one in spoils:
            draft = SPOILS[one](draft)
        refusal = CHECKER.check(draft, TODAY)
        assert type(refusal) is first
        assert refusal is not None
        assert {first.code, second.code} <= {fault.code for fault in refusal.faults}


@pytest.mark.parametrize(
    ("changes", "other"),
    [
        ({}, refusal_rules.HoldExpected),
        ({"owner": "UNIT-1"}, refusal_rules.OwnerNotCentre),
        ({"source": "collection_service"}, refusal_rules.SenderForbidden),
        ({"value_date": DAY + timedelta(days=99)}, refusal_rules.BookDateInFuture),
    ],
)
def test_a_payment_without_its_hold_is_named_beside_its_other_faults(
    changes: dict[str, object], other: type[LedgerRefusal]
) -> None:
    refusal = CHECKER.check(pay(**changes), TODAY)
    assert refusal is not None
    codes = {refusal_rules.HoldExpected.code, other.code}
    assert {fault.code for fault in refusal.faults} == codes
    assert refusal.code == next(one.code for one in PRECEDENCE if one.code in codes)
