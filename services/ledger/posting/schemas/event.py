"""Shapes of the feed."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.posting.store.event import Event
from shared.entry import Book, Side
from shared.schema import Out, YuanOut


class EventEntryOut(Out):
    """An entry of a voucher."""

    book: Book
    fund: str
    account: str
    side: Side
    amount: YuanOut
    district: str


class EventOut(Out):
    """A booked voucher; `seq` grows by one within its slot."""

    slot: int
    seq: int
    id: str
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
    reverses: str | None
    recorded_at: datetime
    entries: list[EventEntryOut]

    @classmethod
    def of(cls, event: Event) -> EventOut:
        """Build it from an event of the feed."""
        draft = event.draft
        reverses = draft.reverses_seq
        return cls(
            slot=event.slot,
            seq=event.seq,
            id=voucher_id(event.slot, event.seq),
            hash=event.hash.hex(),
            source=draft.source,
            event_id=draft.event_id,
            owner=draft.owner,
            kind=draft.kind,
            book_date=draft.book_date,
            period=draft.period,
            value_date=draft.value_date,
            summary=draft.summary,
            references=dict(draft.references),
            reverses=None if reverses is None else voucher_id(event.slot, reverses),
            recorded_at=event.recorded_at,
            entries=[
                EventEntryOut(
                    book=Book(line.book),
                    fund=line.fund,
                    account=line.account,
                    side=Side.DEBIT if line.debit_fen else Side.CREDIT,
                    amount=line.debit_fen or line.credit_fen,
                    district=line.district,
                )
                for line in draft.lines
            ],
        )


class EventsOut(Out):
    """Vouchers booked after a place in every chain; hand `after_seq` back to go on."""

    items: list[EventOut]
    after_seq: str = Field(examples=["0:12,1:5,2:0,3:7"])
    has_more: bool
