"""Orders of inspections (稽核追回): a line of a claim to be recovered, and its state as reported. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from services.payout.recoveries.domain.case import CaseStatus
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference

OrderKey: TypeAlias = tuple[int, str, int]
"""(shard key, inspection, number of the finding)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionOrder:
    """An order as collection gives it. `inspection` is the reference of its case there."""

    inspection: str
    finding: int
    claim: str
    claim_line: int
    amount_fen: int
    reason: str
    document: str

    @property
    def key(self) -> int:
        """The shard key in the reference."""
        return Ref.parse(Reference.INSPECTION, self.inspection).key


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """The state of an order that was taken: its case, or the reason why there is none."""

    inspection_key: int
    inspection: str
    finding: int
    case: Ref | None
    status: CaseStatus | None
    refusal: str | None
    recovered_fen: int
    written_off_fen: int
    reported: str | None

    @property
    def key(self) -> OrderKey:
        """The order's key."""
        return (self.inspection_key, self.inspection, self.finding)

    @property
    def report(self) -> dict[str, Any]:
        """The message that tells collection."""
        status, refusal = "opened", self.refusal
        if self.status is CaseStatus.CLOSED:
            status = "closed"
        elif self.status is CaseStatus.REFUSED or self.case is None:
            status, refusal = "refused", refusal or "复核人不予立案 (refused when it was reviewed)"
        refused = status == "refused"
        return {
            "finding": self.finding,
            "status": status,
            "recovery_case": None
            if refused or self.case is None
            else self.case.text(Reference.RECOVERY_CASE),
            "refusal": refusal if refused else None,
            "recovered": format_yuan(self.recovered_fen),
            "written_off": format_yuan(self.written_off_fen),
        }

    @property
    def mark(self) -> str:
        """A text that changes with the report."""
        report = self.report
        return f"{report['status']} {report['recovered']} {report['written_off']}"
