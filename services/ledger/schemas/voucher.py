"""Vouchers at the door, to and from the domain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from pydantic import Field

from services.ledger.domain.batch import Booked, Outcome
from services.ledger.domain.errors import LedgerRefusal
from services.ledger.domain.voucher import Draft, Line, draft, slot_of, voucher_id
from services.ledger.store.voucher import Stored
from shared.entry import Side
from shared.schema import In, Out, Problem, Serial, ShortText, YuanOut
from shared.wire.ledger import BatchOut, PostedOut, VoucherIn
from shared.wire.ledger import Outcome as OutcomeWord


class ReversalIn(In):
    """Reverse a voucher: the new event's id, the day to book it on, and why."""

    event_id: Serial = Field(examples=["reversal-0001"])
    book_date: date = Field(examples=["2021-07-20"])
    summary: ShortText = Field(examples=["更正误记"])


class EntryOut(Out):
    """One entry of a posted voucher; below zero in a red-letter reversal."""

    line: int
    book: str
    fund: str
    account: str
    side: Side
    amount: YuanOut
    district: str


class VoucherOut(Out):
    """A posted voucher."""

    id: str = Field(examples=["vch_3_128"])
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
    reversed_by: str | None
    recorded_at: datetime
    entries: list[EntryOut]


class VouchersOut(Out):
    """The vouchers of one event."""

    items: list[VoucherOut]


def draft_from(body: VoucherIn, source: str, slots: int) -> Draft:
    """The draft that a request asks for."""
    lines = []
    for entry in body.entries:
        amount_fen = entry.amount
        is_debit = entry.side is Side.DEBIT
        lines.append(
            Line(
                entry.book.value, entry.fund, entry.account, entry.district,
                amount_fen if is_debit else 0, 0 if is_debit else amount_fen,
            )
        )  # fmt: skip
    return draft(
        slot=slot_of(body.owner, slots),
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
    )


def posted_out(event_id: str, booked: Booked) -> PostedOut:
    """A voucher's place in the books."""
    return PostedOut(
        event_id=event_id,
        outcome=OutcomeWord.REPLAYED if booked.replayed else OutcomeWord.POSTED,
        id=voucher_id(booked.slot, booked.seq),
        slot=booked.slot,
        seq=booked.seq,
        hash=booked.hash.hex(),
    )


def batch_out(
    drafts: list[Draft], outcomes: list[Outcome], problem_of: Callable[[LedgerRefusal], Problem]
) -> BatchOut:
    """Every voucher's outcome, in their order."""
    results: list[PostedOut] = []
    counts: dict[OutcomeWord, int] = dict.fromkeys(OutcomeWord, 0)
    for asked, outcome in zip(drafts, outcomes, strict=True):
        if isinstance(outcome, Booked):
            result = posted_out(asked.event_id, outcome)
        else:
            assert isinstance(outcome, LedgerRefusal)
            result = PostedOut(
                event_id=asked.event_id,
                outcome=OutcomeWord.REFUSED,
                problem=problem_of(outcome),
            )
        counts[result.outcome] += 1
        results.append(result)
    return BatchOut(**{word.value: count for word, count in counts.items()}, results=results)


def voucher_out(stored: Stored) -> VoucherOut:
    """A voucher as it stands in the books."""
    asked = stored.draft
    linked: dict[str, Any] = {
        name: None if seq is None else voucher_id(asked.slot, seq)
        for name, seq in (("reverses", asked.reverses_seq), ("reversed_by", stored.reversed_by))
    }
    return VoucherOut(
        id=voucher_id(asked.slot, stored.seq),
        slot=asked.slot,
        seq=stored.seq,
        hash=stored.hash.hex(),
        source=asked.source,
        event_id=asked.event_id,
        owner=asked.owner,
        kind=asked.kind,
        book_date=asked.book_date,
        period=asked.period,
        value_date=asked.value_date,
        summary=asked.summary,
        references=dict(asked.references),
        hold=asked.hold,
        recorded_at=stored.recorded_at,
        entries=[_entry_out(number, line) for number, line in enumerate(asked.lines, 1)],
        **linked,
    )


def _entry_out(number: int, line: Line) -> EntryOut:
    return EntryOut(
        line=number,
        book=line.book,
        fund=line.fund,
        account=line.account,
        side=Side.DEBIT if line.debit_fen else Side.CREDIT,
        amount=line.debit_fen or line.credit_fen,
        district=line.district,
    )
