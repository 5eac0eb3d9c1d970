"""Shapes of the papers of reversals."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from services.ledger.posting.domain.voucher import voucher_id
from services.ledger.posting.schemas.voucher import EntryOut
from services.ledger.reversals.domain import ReversalStatus, VoucherReversal
from shared.references import Reference
from shared.schema import Day, In, Out, PositiveYuan, ShortText


class PartIn(In):
    """Part of an entry to reverse."""

    line: int = Field(ge=1, le=400, description="原凭证行号 (line of the original)")
    amount: PositiveYuan = Field(examples=["12.00"])


class ReversalIn(In):
    """A proposed reversal of a voucher: the book date, the reason, and perhaps the parts."""

    book_date: Day = Field(examples=["2021-07-20"])
    summary: ShortText = Field(examples=["更正误记"])
    entries: Annotated[list[PartIn], Field(min_length=2, max_length=400)] | None = Field(
        default=None,
        description="部分冲销的分录,须各自平衡;不填则冲销全部余额 (parts, which must balance;"
        " all that remains when absent)",
    )

    def parts(self) -> list[tuple[int, int]] | None:
        """Return (line, fen) of each part; None for all that remains."""
        return None if self.entries is None else [(one.line, one.amount) for one in self.entries]


class ReversalRefusalIn(In):
    """The reason for which a reversal is refused."""

    reason: ShortText = Field(examples=["原凭证无误"])


class ReversalOut(Out):
    """A reversal on paper; `entries` are the amounts that it takes back."""

    id: str = Field(examples=[Reference.REVERSAL.example])
    voucher: str = Field(description="原凭证 (the voucher that is reversed)")
    status: ReversalStatus
    book_date: date
    summary: str
    entries: list[EntryOut]
    proposed_by: str
    decided_by: str | None = Field(description="核准人或退回人 (who approved or refused it)")
    refusal: str | None = Field(description="不予核准的理由 (why it was refused)")
    reversal: str | None = Field(description="红字凭证 (the red-letter voucher, once posted)")

    @classmethod
    def of(cls, paper: VoucherReversal) -> ReversalOut:
        """Answer a paper."""
        red = paper.reversal_seq
        return cls(
            id=paper.reference,
            voucher=voucher_id(paper.slot, paper.seq),
            status=paper.status,
            book_date=paper.book_date,
            summary=paper.summary,
            entries=[EntryOut.of(number, line) for number, line in enumerate(paper.lines, 1)],
            proposed_by=paper.proposed_by,
            decided_by=paper.decided_by,
            refusal=paper.refusal,
            reversal=None if red is None else voucher_id(paper.slot, red),
        )
