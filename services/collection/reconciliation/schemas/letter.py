"""Shapes of reconciliation letters."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from services.collection.reconciliation.domain.letter import (
    LetterParty,
    LetterStatus,
    ReconciliationLetter,
)
from services.collection.reconciliation.flows.letter import LetterAnswer, LetterRequest
from shared.references import Reference
from shared.schema import Code, In, Out, PeriodField, ShortText, Yuan, YuanOut


class LetterIn(In):
    """The party and the month to reconcile."""

    party: LetterParty
    period: PeriodField
    district: Code | None = Field(
        default=None, examples=["heping"], description="仅分中心对账时填 (for a district only)"
    )

    def request(self) -> LetterRequest:
        """Return the request as the flow takes it."""
        return LetterRequest(party=self.party, period=self.period, district=self.district)


class LetterAnswerIn(In):
    """The other side's answer: agreed, or the figures that differ."""

    agrees: bool
    figures: dict[str, Yuan] = Field(
        default={}, max_length=20, description="对方金额,不符者必填 (the other side's figures)"
    )
    note: ShortText = Field(examples=["核对相符"])

    def answer(self) -> LetterAnswer:
        """Return the answer as the flow takes it."""
        return LetterAnswer(agrees=self.agrees, figures=self.figures, note=self.note)


class LetterFigureOut(Out):
    """One figure of a letter: ours, and the other side's once it answered."""

    name: str = Field(examples=["treasury_deposit.bank"])
    ours: YuanOut
    theirs: YuanOut | None
    difference: YuanOut | None


class ReconciliationLetterOut(Out):
    """A letter (对账函) about a month, signed by us and answered by the other side."""

    id: str = Field(examples=[Reference.RECONCILIATION_LETTER.example])
    party: LetterParty
    period: str
    district: str
    figures: list[LetterFigureOut]
    status: LetterStatus
    drafted_by: str
    drafted_on: date
    signed_by: str | None
    signed_on: date | None
    answered_by: str | None
    answered_on: date | None
    note: str | None

    @classmethod
    def of(cls, letter: ReconciliationLetter) -> ReconciliationLetterOut:
        """Build the answer from a letter."""
        return cls(
            id=letter.reference,
            party=letter.party,
            period=letter.period,
            district=letter.district,
            figures=[
                LetterFigureOut(
                    name=one.name,
                    ours=one.ours_fen,
                    theirs=one.theirs_fen,
                    difference=None if one.theirs_fen is None else one.ours_fen - one.theirs_fen,
                )
                for one in letter.figures
            ],
            status=letter.status,
            drafted_by=letter.drafted_by,
            drafted_on=letter.drafted_on,
            signed_by=letter.signed_by,
            signed_on=letter.signed_on,
            answered_by=letter.answered_by,
            answered_on=letter.answered_on,
            note=letter.note,
        )
