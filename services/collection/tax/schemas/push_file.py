"""Shapes of pushes by file and of envelopes."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.collection.tax.domain.envelope import EnvelopeContent
from services.collection.tax.store.push_file import PushFileRow
from shared.schema import Out, YuanOut


class TaxPushFileOut(Out):
    """A push by file, and what became of its lines so far."""

    push_no: str = Field(examples=["SW-20210720-F1"])
    collected_on: date
    lines: int = Field(description="控制笔数 (announced)")
    total: YuanOut
    done: int = Field(description="已处理行数 (lines taken so far)")
    matched: int
    suspended: int
    replayed: int
    rejected: int
    allocated_amount: YuanOut
    suspended_amount: YuanOut
    pushed_at: datetime | None

    @classmethod
    def of(cls, row: PushFileRow) -> TaxPushFileOut:
        """Build the answer from a stored push."""
        return cls(
            push_no=row.push_no,
            collected_on=row.collected_on,
            lines=row.lines,
            total=row.total_fen,
            done=row.done_lines,
            matched=row.matched,
            suspended=row.suspended,
            replayed=row.replayed,
            rejected=row.rejected,
            allocated_amount=row.allocated_fen,
            suspended_amount=row.suspended_fen,
            pushed_at=row.pushed_at,
        )


class TaxEnvelopeOut(Out):
    """An envelope: what it announced, and what its pushes brought so far."""

    envelope_no: str
    lines: int
    total: YuanOut
    pushes: int
    lines_received: int
    total_received: YuanOut
    complete: bool

    @classmethod
    def of(cls, content: EnvelopeContent) -> TaxEnvelopeOut:
        """Build the answer from an envelope."""
        return cls(
            envelope_no=content.envelope.envelope_no,
            lines=content.envelope.lines,
            total=content.envelope.total_fen,
            pushes=content.pushes,
            lines_received=content.lines,
            total_received=content.total_fen,
            complete=content.is_complete,
        )
