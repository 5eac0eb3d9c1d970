"""Shapes of orders to recover wrong benefits, and of what payout reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.collection.inspections.domain.recovery import (
    InspectionRecovery,
    InspectionRecoveryState,
    RecoveryReport,
)
from shared.references import Reference
from shared.schema import In, NonNegativeYuan, Out, YuanOut


class RecoveryReportIn(In):
    """The state of an order in payout: its case, or the reason why there is none."""

    finding: int = Field(ge=1, le=2**31 - 1)
    status: InspectionRecoveryState
    recovery_case: (
        Annotated[str, StringConstraints(pattern=Reference.RECOVERY_CASE.pattern)] | None
    ) = None
    refusal: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    recovered: NonNegativeYuan = 0
    written_off: NonNegativeYuan = 0

    @model_validator(mode="after")
    def _whole(self) -> RecoveryReportIn:
        refused = self.status is InspectionRecoveryState.REFUSED
        has_case = self.status in {
            InspectionRecoveryState.OPENED,
            InspectionRecoveryState.CLOSED,
        }
        if refused != (self.refusal is not None) or has_case != (self.recovery_case is not None):
            text = "状态与案件、不予立案理由不符 (status, case and refusal do not fit)"
            raise PydanticCustomError("recovery_report", text)
        return self

    def report(self) -> RecoveryReport:
        """Turn it into the domain's value."""
        return RecoveryReport(
            number=self.finding,
            status=self.status,
            recovery_case=self.recovery_case,
            refusal=self.refusal,
            recovered_fen=self.recovered,
            written_off_fen=self.written_off,
        )


class InspectionRecoveryOut(Out):
    """An order to recover a wrong benefit, and the state of its case in payout."""

    inspection: str = Field(examples=[Reference.INSPECTION.example])
    finding: int
    claim: str = Field(examples=[Reference.CLAIM.example])
    claim_line: int
    amount: YuanOut
    note: str
    document: str
    status: InspectionRecoveryState
    recovery_case: str | None = Field(examples=[Reference.RECOVERY_CASE.example])
    refusal: str | None
    recovered: YuanOut
    written_off: YuanOut

    @classmethod
    def of(cls, row: InspectionRecovery) -> InspectionRecoveryOut:
        """Build the answer from an order."""
        return cls(
            inspection=row.case.text(Reference.INSPECTION),
            finding=row.number,
            claim=row.claim,
            claim_line=row.claim_line,
            amount=row.amount_fen,
            note=row.note,
            document=row.document,
            status=row.status,
            recovery_case=row.recovery_case,
            refusal=row.refusal,
            recovered=row.recovered_fen,
            written_off=row.written_off_fen,
        )


class InspectionRecoveriesOut(Out):
    """Orders to recover wrong benefits."""

    items: list[InspectionRecoveryOut]

    @classmethod
    def of(cls, rows: Sequence[InspectionRecovery]) -> InspectionRecoveriesOut:
        """Build the answer from orders."""
        return cls(items=[InspectionRecoveryOut.of(row) for row in rows])
