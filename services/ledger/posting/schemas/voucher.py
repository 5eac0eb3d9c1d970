"""Shapes of vouchers, to and from the domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import Field

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.batch import FlooredBalance, Outcome, PostedVoucher
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.slot_map import SlotMap
from services.ledger.posting.domain.voucher import Draft, draft, voucher_id
from services.ledger.posting.store.voucher import VoucherRecord
from shared.entry import Side
from shared.references import Reference
from shared.schema import Out, Problem, YuanOut
from shared.wire.ledger import (
    BatchOut,
    FloorOut,
    IfClosed,
    PostedOut,
    PostingOutcome,
    VoucherIn,
)


class EntryOut(Out):
    """An entry of a posted voucher; negative in a red-letter voucher."""

    line: int
    book: str
    fund: str
    account: str
    side: Side
    amount: YuanOut
    district: str

    @classmethod
    def of(cls, number: int, line: Line) -> EntryOut:
        return cls(
            line=number,
            book=line.book,
            fund=line.fund,
            account=line.account,
            side=Side.DEBIT if line.debit_fen else Side.CREDIT,
            amount=line.debit_fen or line.credit_fen,
            district=line.district,
        )


class VoucherOut(Out):
    """A posted voucher."""

    id: str = Field(examples=[Reference.VOUCHER.example])
    slot: int
    seq: int
    hash: str
    source: str
    event_id: str
    owner: str
    kind: str
    book_date: date
    period: str | None
    value_date: date | None
    summary: str
    references: dict[str, str]
    hold: str | None
    reverses: str | None
    reversed_by: str | None = Field(
        description="冲尽本凭证者 (the reversal that took the last of it)"
    )
    reversals: list[str] = Field(description="全部冲销凭证 (all its reversals, partial ones too)")
    recorded_at: datetime
    entries: list[EntryOut]

    @classmethod
    def of(cls, stored: VoucherRecord) -> VoucherOut:
        """Build it from a voucher's record."""
        booked = stored.draft
        linked: dict[str, Any] = {
            name: None if seq is None else voucher_id(booked.slot, seq)
            for name, seq in (
                ("reverses", booked.reverses_seq),
                ("reversed_by", stored.reversed_by),
            )
        }
        return cls(
            id=voucher_id(booked.slot, stored.seq),
            slot=booked.slot,
            seq=stored.seq,
            hash=stored.hash.hex(),
            source=booked.source,
            event_id=booked.event_id,
            owner=booked.owner,
            kind=booked.kind,
            book_date=booked.book_date,
            period=booked.period,
            value_date=booked.value_date,
            summary=booked.summary,
            references=dict(booked.references),
            hold=booked.hold,
            recorded_at=stored.recorded_at,
            entries=[EntryOut.of(number, line) for number, line in enumerate(booked.lines, 1)],
            reversals=[voucher_id(booked.slot, one.seq) for one in stored.reversals],
            **linked,
        )


class VouchersOut(Out):
    """The vouchers of one event."""

    items: list[VoucherOut]


def draft_from(body: VoucherIn, source: str, slots: SlotMap, sender: str | None = None) -> Draft:
    """Build the draft of a request; `sender` is the role of who sends it."""
    lines = []
    for entry in body.entries:
        amount_fen = entry.amount
        is_debit = entry.side is Side.DEBIT
        lines.append(
            Line(
                entry.book.value,
                entry.fund,
                entry.account,
                entry.district,
                amount_fen if is_debit else 0,
                0 if is_debit else amount_fen,
            )
        )
    return draft(
        slot=slots.of(body.owner),
        source=source,
        event_id=body.event_id,
        owner=body.owner,
        kind=body.kind,
        book_date=body.book_date,
        summary=body.summary,
        lines=tuple(lines),
        period=body.period,
        value_date=body.value_date,
        references=body.references,
        hold=body.hold,
        sender=sender,
        may_move=body.if_closed is IfClosed.FIRST_OPEN_DAY,
    )


def posted_out(event_id: str, booked: PostedVoucher) -> PostedOut:
    """Build the answer to a posted voucher."""
    if booked.rehearsed:
        return _would_post(event_id, booked)
    return PostedOut(
        event_id=event_id,
        outcome=PostingOutcome.REPLAYED if booked.replayed else PostingOutcome.POSTED,
        id=voucher_id(booked.slot, booked.seq),
        slot=booked.slot,
        seq=booked.seq,
        hash=booked.hash.hex(),
        book_date=booked.book_date,
        floors=_floors_out(booked.floors),
    )


def _would_post(event_id: str, booked: PostedVoucher) -> PostedOut:
    """Build the answer to a rehearsed voucher: it has no place in the books."""
    return PostedOut(
        event_id=event_id,
        outcome=PostingOutcome.WOULD_POST,
        slot=booked.slot,
        book_date=booked.book_date,
        floors=_floors_out(booked.floors),
    )


def _floors_out(floors: tuple[FlooredBalance, ...]) -> list[FloorOut] | None:
    return [
        FloorOut(
            fund=floor.fund,
            account=floor.account,
            balance=floor.balance_fen,
            held=floor.held_fen,
            available=floor.balance_fen - floor.held_fen,
        )
        for floor in floors
    ] or None


def batch_out(
    drafts: Sequence[Draft],
    outcomes: Sequence[Outcome],
    problem_of: Callable[[LedgerRefusal], Problem],
) -> BatchOut:
    """Build the outcome of every voucher, in their order."""
    results: list[PostedOut] = []
    counts: dict[PostingOutcome, int] = dict.fromkeys(PostingOutcome, 0)
    for sent, outcome in zip(drafts, outcomes, strict=True):
        result = outcome_out(sent.event_id, outcome, problem_of)
        counts[result.outcome] += 1
        results.append(result)
    return BatchOut(**{word.value: count for word, count in counts.items()}, results=results)


def outcome_out(
    event_id: str, outcome: Outcome, problem_of: Callable[[LedgerRefusal], Problem]
) -> PostedOut:
    """Build the outcome of one voucher of a batch."""
    if isinstance(outcome, PostedVoucher):
        return posted_out(event_id, outcome)
    assert isinstance(outcome, LedgerRefusal)
    return PostedOut(event_id=event_id, outcome=PostingOutcome.REFUSED, problem=problem_of(outcome))


def posted_json(event_id: str, booked: PostedVoucher) -> dict[str, Any]:
    """Build the JSON of `posted_out` without a model, which is faster."""
    if booked.rehearsed or booked.floors:
        return posted_out(event_id, booked).model_dump(mode="json")
    return {
        "event_id": event_id,
        "outcome": PostingOutcome.REPLAYED.value
        if booked.replayed
        else PostingOutcome.POSTED.value,
        "id": voucher_id(booked.slot, booked.seq),
        "slot": booked.slot,
        "seq": booked.seq,
        "hash": booked.hash.hex(),
        "book_date": booked.book_date.isoformat(),
        "problem": None,
        "floors": None,
    }


def batch_json(
    drafts: Sequence[Draft],
    outcomes: Sequence[Outcome],
    problem_of: Callable[[LedgerRefusal], Problem],
) -> dict[str, Any]:
    """Build the JSON of `batch_out` without models."""
    results = [
        posted_json(sent.event_id, outcome)
        if isinstance(outcome, PostedVoucher)
        else outcome_out(sent.event_id, outcome, problem_of).model_dump(mode="json")
        for sent, outcome in zip(drafts, outcomes, strict=True)
    ]
    counts = dict.fromkeys([word.value for word in PostingOutcome], 0)
    for result in results:
        counts[result["outcome"]] += 1
    return {**counts, "results": results}
