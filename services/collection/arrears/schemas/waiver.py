"""Shapes of waivers (减免) and of the catalogue of their reasons."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.collection.arrears.domain.waiver import Waiver, WaiverReason
from services.collection.arrears.flows.waiver import WaiverRequest
from services.collection.common.schemas.common import Day, Note
from services.collection.policy.domain.charge import ChargeKind
from shared.ids import Ref
from shared.references import Reference
from shared.schema import In, Out, PositiveYuan, ShortText, YuanOut

ReasonCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$"), Field(examples=["AGENCY_CAUSE"])
]


class WaiverIn(In):
    """A request for a waiver of a charge bill. Without `kind`: late fee and interest; without
    `amount`: all that is open."""

    kind: ChargeKind | None = None
    amount: PositiveYuan | None = None
    reason: ReasonCode
    evidence: ShortText = Field(
        examples=["津社险减〔2021〕12号"], description="依据文号 (evidence)"
    )
    note: Note = ""
    asked_on: Day

    def request(self) -> WaiverRequest:
        """Return the request as the flow takes it."""
        return WaiverRequest(
            kind=self.kind,
            amount_fen=self.amount,
            reason=self.reason,
            evidence=self.evidence,
            note=self.note,
            asked_on=self.asked_on,
        )


class WaiverDecisionIn(In):
    """The day of a decision."""

    decided_on: Day


class WaiverRefusalIn(WaiverDecisionIn):
    """The day and reason of a refusal."""

    why: ShortText


class WaiverLineOut(Out):
    """The amount waived of one line of the charge bill."""

    line: int
    kind: ChargeKind
    insurance: str
    fund: str
    amount: YuanOut


class WaiverOut(Out):
    """A waiver with its lines."""

    id: str = Field(examples=[Reference.WAIVER.example])
    bill: str
    credit_code: str
    district: str
    period: str
    reason: str
    evidence: str
    note: str
    asked_on: date
    amount: YuanOut
    status: str = Field(examples=["filed", "approved", "refused"])
    decided_on: date | None
    lines: list[WaiverLineOut]

    @classmethod
    def of(cls, waiver: Waiver) -> WaiverOut:
        """Build the answer from a waiver."""
        return cls(
            id=Ref(waiver.unit_id, waiver.id).text(Reference.WAIVER),
            bill=Ref(waiver.unit_id, waiver.bill_id).text(Reference.BILL),
            credit_code=waiver.credit_code,
            district=waiver.district,
            period=waiver.period,
            reason=waiver.reason,
            evidence=waiver.evidence,
            note=waiver.note,
            asked_on=waiver.asked_on,
            amount=waiver.amount_fen,
            status=waiver.status.value,
            decided_on=waiver.decided_on,
            lines=[
                WaiverLineOut(
                    line=line.line_no,
                    kind=line.kind,
                    insurance=line.insurance,
                    fund=line.fund,
                    amount=line.amount_fen,
                )
                for line in waiver.lines
            ],
        )


class WaiverReasonOut(Out):
    """A reason: the kinds of charge it may waive, its days and its source."""

    code: str
    text: str
    kinds: list[ChargeKind]
    in_force_from: date
    in_force_to: date | None
    source: str
    certain: bool

    @classmethod
    def of(cls, reason: WaiverReason) -> WaiverReasonOut:
        """Build the answer from a reason."""
        return cls(
            code=reason.code,
            text=reason.text,
            kinds=list(reason.kinds),
            in_force_from=reason.in_force_from,
            in_force_to=reason.in_force_to,
            source=reason.source,
            certain=reason.certain,
        )


class WaiverReasonsOut(Out):
    """The whole catalogue of reasons."""

    items: list[WaiverReasonOut]
