"""Deciding a batch in memory: order, twins, floors, holds, all or none."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.ledger.common.domain.refusal import InsufficientFunds, LedgerRefusal, Unbalanced
from services.ledger.posting.domain.batch import (
    Command,
    CommandGroup,
    Decision,
    FlooredBalance,
    HoldState,
    PostedVoucher,
    Posting,
    PriorAnswers,
    PriorVoucher,
    SlotState,
)
from services.ledger.posting.domain.daily_balance import DailyBalance
from services.ledger.posting.domain.decide import decide
from services.ledger.posting.domain.hold import GroupRelease, Hold, HoldRelease
from services.ledger.posting.domain.reversal import remaining
from services.ledger.posting.domain.voucher import GENESIS, Draft, chain_hash
from shared.ids import uuid7
from tests.ledger.support.making import DAY, centre_draft, fresh, receipt_draft

FLOORED = frozenset({"expenditure_deposit", "fiscal_deposit"})
AT = "2021-07-15T08:00:00.000000Z"


def state(slot: int = 0, **balances_fen: int) -> SlotState:
    balances = {
        ("pension", account): DailyBalance([(DAY, fen)]) for account, fen in balances_fen.items()
    }
    return SlotState(slot=slot, revision=5, seq=10, hash=GENESIS, balances=balances)


def run(
    before: SlotState,
    *asks: Command | CommandGroup,
    known: PriorAnswers | None = None,
    today: date = DAY,
) -> Decision:
    units = [ask if isinstance(ask, CommandGroup) else CommandGroup((ask,)) for ask in asks]
    return decide(
        before, units, known or PriorAnswers(), floored=FLOORED, today=today, recorded_at=AT
    )


def codes(decision: Decision) -> list[str]:
    return [
        outcome.code if isinstance(outcome, LedgerRefusal) else type(outcome).__name__
        for outcomes in decision.outcomes
        for outcome in outcomes
    ]


def payment(amount_fen: int, hold: Hold | None = None) -> Posting:
    hold_id = f"hld_{0:016x}{hold.id.hex}" if hold else None
    return Posting(
        centre_draft(
            "payment", "benefit.basic_pension", "expenditure_deposit", amount_fen, hold=hold_id
        )
    )


def funding(amount_fen: int) -> Posting:
    return Posting(
        centre_draft(
            "expenditure_funding",
            "expenditure_deposit",
            "fiscal_deposit",
            amount_fen,
            source="ledger",
        )
    )


def hold(amount_fen: int, number: int = 1, **changes: object) -> Hold:
    made = Hold(
        id=UUID(int=number),
        source="payout",
        event_id=f"hold-{number}",
        fund="pension",
        account="expenditure_deposit",
        amount_fen=amount_fen,
        remaining_fen=amount_fen,
        summary="s",
        expires_on=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_vouchers_are_chained_in_order_without_gaps() -> None:
    drafts = [receipt_draft() for _ in range(3)]
    decision = run(state(1), *map(Posting, drafts))
    previous = GENESIS
    for number, (draft, one) in enumerate(zip(drafts, decision.posted, strict=True), 11):
        previous = chain_hash(previous, draft, number, AT)
        assert (one.seq, one.hash) == (number, previous)
    assert (decision.after.seq, decision.after.hash, decision.after.revision) == (13, previous, 6)


def test_a_refused_one_takes_no_number() -> None:
    bad = Posting(receipt_draft(), Unbalanced())
    decision = run(state(1), Posting(receipt_draft()), bad, Posting(receipt_draft()))
    assert codes(decision) == ["PostedVoucher", "VOUCHER_UNBALANCED", "PostedVoucher"]
    assert [one.seq for one in decision.posted] == [11, 12]
    assert [draft for draft, _ in decision.pinned] == [bad.draft]


def test_the_floor_is_kept_in_the_order_of_the_batch() -> None:
    decision = run(state(expenditure_deposit=100), payment(60), payment(60), payment(40))
    assert codes(decision) == ["PostedVoucher", "INSUFFICIENT_FUNDS", "PostedVoucher"]
    assert decision.after.balances["pension", "expenditure_deposit"].last_fen == 0


def test_money_that_came_earlier_in_the_batch_may_be_spent() -> None:
    decision = run(state(fiscal_deposit=50), payment(50), funding(50), payment(50))
    assert codes(decision) == ["INSUFFICIENT_FUNDS", "PostedVoucher", "PostedVoucher"]


def test_a_known_event_answers_before_any_rule() -> None:
    post = payment(60)
    booked = PostedVoucher(0, 3, b"h", DAY, replayed=True)
    key = (post.draft.source, post.draft.event_id)
    known = PriorAnswers(events={key: PriorVoucher(booked, post.draft.body_hash)})
    decision = run(state(), replace(post, refusal=Unbalanced()), known=known)
    assert decision.outcomes == ((booked,),)
    assert not decision.writes


def test_a_hold_keeps_its_money_from_everybody_else() -> None:
    made = hold(80)
    decision = run(
        state(expenditure_deposit=100), made, payment(30), payment(80, made), payment(20)
    )
    assert codes(decision) == ["HoldState", "INSUFFICIENT_FUNDS", "PostedVoucher", "PostedVoucher"]
    assert decision.after.holds == {}
    assert [(m.kind.value, m.amount_fen, m.remaining_fen) for m in decision.movements] == [
        ("draw", 80, 0)
    ]


def test_holds_in_one_batch_are_judged_one_after_the_other() -> None:
    decision = run(
        state(expenditure_deposit=100), hold(80, 1), hold(30, 2), hold(20, 3), hold(80, 1)
    )
    assert codes(decision) == ["HoldState", "INSUFFICIENT_FUNDS", "HoldState", "HoldState"]
    twin = decision.outcomes[3][0]
    assert isinstance(twin, HoldState)
    assert twin.replayed


def test_a_release_gives_back_and_repeats_change_nothing() -> None:
    made = hold(80)
    release = HoldRelease(hold_id=made.id, source="payout", event_id="r", amount_fen=None)
    decision = run(state(expenditure_deposit=100), made, release, release, hold(100, 2))
    assert codes(decision) == ["HoldState", "HoldState", "HoldState", "HoldState"]
    assert len(decision.movements) == 1


def test_an_expired_hold_is_given_back_before_anything_else() -> None:
    made = hold(80, expires_on=date(2021, 7, 14))
    before = replace(state(expenditure_deposit=100), holds={made.id: made})
    decision = run(before, payment(100))
    assert codes(decision) == ["PostedVoucher"]
    assert [m.kind.value for m in decision.movements] == ["expire"]
    still = run(before, payment(100), today=date(2021, 7, 14))
    assert codes(still) == ["INSUFFICIENT_FUNDS"]


def test_all_or_none_leaves_no_trace_of_a_failed_attempt() -> None:
    before = state(expenditure_deposit=100)
    together = CommandGroup((payment(60), payment(60)))
    decision = run(before, together, payment(100))
    assert codes(decision) == ["ATOMIC_BATCH_REFUSED", "INSUFFICIENT_FUNDS", "PostedVoucher"]
    assert [one.seq for one in decision.posted] == [11]
    assert decision.pinned == []


def test_a_refusal_that_leans_on_balances_is_confirmed_by_the_slots_revision() -> None:
    """Another process may have moved the slot on: an answer from stale balances must not leave."""
    assert run(state(), hold(1)).writes
    assert run(state(), CommandGroup((payment(1), payment(1)))).writes


def test_a_reversal_that_would_break_a_floor_is_refused() -> None:
    red = centre_draft("reversal", "expenditure_deposit", "fiscal_deposit", -50, reverses_seq=3)
    decision = run(state(expenditure_deposit=20, fiscal_deposit=0), Posting(red))
    outcome = decision.outcomes[0][0]
    assert isinstance(outcome, InsufficientFunds)
    assert run(state(expenditure_deposit=50), Posting(red)).posted


def red_draft(amount_fen: int) -> Draft:
    return receipt_draft(-amount_fen, reverses_seq=3, event_id=fresh())


def left(amount_fen: int) -> PriorAnswers:
    return PriorAnswers(remaining={3: remaining(receipt_draft(amount_fen).lines)})


def test_a_voucher_is_taken_back_once_even_within_a_batch() -> None:
    decision = run(state(1), Posting(red_draft(5)), Posting(red_draft(5)), known=left(5))
    assert codes(decision) == ["PostedVoucher", "ALREADY_REVERSED"]
    assert codes(run(state(1), Posting(red_draft(5)), known=left(0))) == ["ALREADY_REVERSED"]


def test_parts_are_taken_back_up_to_what_remains() -> None:
    posts = [Posting(red_draft(fen)) for fen in (3, 3, 2, 1)]
    decision = run(state(1), *posts, known=left(5))
    assert codes(decision) == [
        "PostedVoucher",
        "REVERSAL_EXCEEDED",
        "PostedVoucher",
        "ALREADY_REVERSED",
    ]
    [(exceeded,)] = decision.outcomes[1:2]
    assert [fault.pointer for fault in exceeded.faults] == [  # type: ignore[union-attr]
        "/entries/0/amount",
        "/entries/1/amount",
    ]


def test_a_rehearsal_answers_as_it_would_be_and_leaves_no_trace() -> None:
    before = state(expenditure_deposit=100)
    asks = (payment(60), payment(60))
    rehearsal = CommandGroup(asks, together=False, rehearsed=True)
    decision = run(before, rehearsal, payment(100))
    assert codes(decision) == ["PostedVoucher", "INSUFFICIENT_FUNDS", "PostedVoucher"]
    assert decision.outcomes[0][0].rehearsed  # type: ignore[union-attr]
    assert ([one.seq for one in decision.posted], decision.pinned) == ([11], [])
    assert run(before, rehearsal).writes, "it leans on this revision"
    assert run(before, rehearsal).posted == []
    together = run(before, CommandGroup(asks, rehearsed=True))
    assert codes(together) == ["ATOMIC_BATCH_REFUSED", "INSUFFICIENT_FUNDS"]


def test_balances_of_accounts_with_a_floor_are_shown_on_request() -> None:
    before = state(expenditure_deposit=100)
    draft = replace(payment(60), with_balances=True)
    booked = run(before, hold(30), draft).outcomes[1][0]
    assert isinstance(booked, PostedVoucher)
    assert booked.floors == (FlooredBalance("pension", "expenditure_deposit", 40, 30),)
    silent = run(before, payment(60)).outcomes[0][0]
    assert isinstance(silent, PostedVoucher)
    assert silent.floors == ()


def test_many_holds_are_given_back_in_one_event_or_none() -> None:
    holds = hold(30, 1), hold(20, 2)
    before = replace(state(expenditure_deposit=50), holds={one.id: one for one in holds})
    ask = GroupRelease(hold_ids=tuple(one.id for one in holds), source="payout", event_id="v")
    decision = run(before, ask, ask, payment(50))
    assert codes(decision) == ["HoldStates", "HoldStates", "PostedVoucher"]
    assert [outcome.replayed for (outcome,) in decision.outcomes[:2]] == [False, True]  # type: ignore[union-attr]
    assert [(m.amount_fen, m.remaining_fen) for m in decision.movements] == [(30, 0), (20, 0)]
    strange = replace(ask, hold_ids=(holds[0].id, uuid7()), event_id="w")
    refused = run(before, strange)
    assert codes(refused) == ["HOLD_UNKNOWN"]
    assert refused.movements == []
    other = replace(ask, hold_ids=(holds[0].id,))
    assert codes(run(before, ask, other)) == ["HoldStates", "EVENT_ID_REUSED"]


def test_holds_exist_in_the_centres_slot_only() -> None:
    assert codes(run(state(1), Posting(receipt_draft(hold="hld_x")))) == ["HOLD_UNKNOWN"]
