"""Floors and holds by day: backdated movements take no more than every later day leaves."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.batch import (
    Command,
    CommandGroup,
    Decision,
    Posting,
    PriorAnswers,
    SlotState,
)
from services.ledger.posting.domain.daily_balance import DailyBalance
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.hold import Hold
from services.ledger.posting.domain.voucher import GENESIS
from tests.ledger.support.making import DAY, centre_draft

FLOORED = frozenset({"expenditure_deposit", "fiscal_deposit"})
EVE, LATER = DAY - timedelta(days=1), DAY + timedelta(days=1)
ACCOUNT = ("pension", "expenditure_deposit")


def run(steps: list[tuple[date, int]], *commands: Command | CommandGroup) -> Decision:
    """Decide commands on an expenditure account with these changes by day."""
    state = SlotState(
        slot=0, revision=5, seq=10, hash=GENESIS, balances={ACCOUNT: DailyBalance(steps)}
    )
    groups = [one if isinstance(one, CommandGroup) else CommandGroup((one,)) for one in commands]
    return decide(
        state, groups, PriorAnswers(), floored=FLOORED, today=LATER, recorded_at="2021-07-16T00:00Z"
    )


def outcomes(decision: Decision) -> list[str]:
    return [
        one.code if isinstance(one, LedgerRefusal) else type(one).__name__
        for group in decision.outcomes
        for one in group
    ]


def payment(amount_fen: int, day: date = DAY, hold: Hold | None = None) -> Posting:
    reference = f"hld_{0:016x}{hold.id.hex}" if hold else None
    return Posting(
        centre_draft(
            "payment",
            "benefit.basic_pension",
            "expenditure_deposit",
            amount_fen,
            hold=reference,
            book_date=day,
        )
    )


def hold_of(amount_fen: int) -> Hold:
    return Hold(
        id=UUID(int=1),
        source="payout",
        event_id="hold-1",
        fund="pension",
        account="expenditure_deposit",
        amount_fen=amount_fen,
        remaining_fen=amount_fen,
        summary="s",
        expires_on=None,
    )


def test_money_of_a_later_day_is_not_there_yet() -> None:
    decision = run([(DAY, 100)], payment(1, EVE), payment(100, DAY))
    assert outcomes(decision) == ["INSUFFICIENT_FUNDS", "PostedVoucher"]


def test_money_spent_on_a_later_day_is_not_spent_again() -> None:
    decision = run([(EVE, 100), (LATER, -70)], payment(31, EVE), payment(30, DAY), payment(1, EVE))
    assert outcomes(decision) == ["INSUFFICIENT_FUNDS", "PostedVoucher", "INSUFFICIENT_FUNDS"]
    assert decision.after.balances[ACCOUNT].least_from(EVE) == 0


def test_a_gap_between_two_days_limits_earlier_days_only() -> None:
    steps = [(EVE, 100), (DAY, -90), (LATER, 500)]
    assert outcomes(run(steps, payment(11, EVE))) == ["INSUFFICIENT_FUNDS"]
    assert outcomes(run(steps, payment(11, DAY))) == ["INSUFFICIENT_FUNDS"]
    assert outcomes(run(steps, payment(510, LATER))) == ["PostedVoucher"]


def test_a_hold_takes_part_in_every_day() -> None:
    hold = hold_of(80)
    decision = run([(EVE, 100)], hold, payment(21, EVE), payment(80, EVE, hold), payment(20, EVE))
    assert outcomes(decision) == [
        "HoldState",
        "INSUFFICIENT_FUNDS",
        "PostedVoucher",
        "PostedVoucher",
    ]


def test_a_hold_is_not_drawn_on_a_day_without_money() -> None:
    hold = hold_of(80)
    decision = run([(DAY, 100)], hold, payment(80, EVE, hold), payment(80, DAY, hold))
    assert outcomes(decision) == ["HoldState", "INSUFFICIENT_FUNDS", "PostedVoucher"]


def test_a_group_that_is_undone_leaves_the_balances_of_every_day() -> None:
    together = CommandGroup((payment(60, EVE), payment(60, DAY)))
    decision = run([(EVE, 100)], payment(10, DAY), together, payment(90, EVE))
    assert outcomes(decision) == [
        "PostedVoucher",
        "ATOMIC_BATCH_REFUSED",
        "INSUFFICIENT_FUNDS",
        "PostedVoucher",
    ]


def test_a_rehearsed_payment_changes_no_day() -> None:
    before = [(EVE, 100)]
    rehearsed = CommandGroup((payment(60, EVE),), rehearsed=True)
    decision = run(before, rehearsed, payment(100, EVE))
    assert outcomes(decision) == ["PostedVoucher", "PostedVoucher"]
    assert decision.before.balances[ACCOUNT].last_fen == 100, "the state of before is not changed"


def test_expired_holds_are_free_again() -> None:
    expired = replace(hold_of(80), expires_on=EVE)
    state = SlotState(
        slot=0,
        revision=5,
        seq=10,
        hash=GENESIS,
        balances={ACCOUNT: DailyBalance([(EVE, 100)])},
        holds={expired.id: expired},
    )
    decision = decide(
        state,
        [CommandGroup((payment(100, EVE),))],
        PriorAnswers(),
        floored=FLOORED,
        today=LATER,
        recorded_at="2021-07-16T00:00Z",
    )
    assert outcomes(decision) == ["PostedVoucher"]
