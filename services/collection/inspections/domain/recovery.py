"""Orders to recover benefits that an inspection found wrong; payout takes each once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import NotFound
from shared.ids import Ref


class InspectionRecoveryState(StrEnum):
    """The states of an order."""

    WAITING = "waiting"  # 待支付系统受理
    OPENED = "opened"  # 已立追回案件
    REFUSED = "refused"  # 支付系统不予立案
    CLOSED = "closed"  # 追回案件已了结


class InspectionRecoveryUnknown(NotFound):
    """该案没有这项追回 (the case has no such recovery)"""

    code = "INSPECTION_RECOVERY_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRecovery:
    """An order of a finding, with the state of its case in payout."""

    case: Ref
    number: int
    claim: str
    claim_line: int
    amount_fen: int
    note: str
    document: str
    status: InspectionRecoveryState
    recovery_case: str | None
    refusal: str | None
    recovered_fen: int
    written_off_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReport:
    """The state of an order as payout reports it."""

    number: int
    status: InspectionRecoveryState
    recovery_case: str | None
    refusal: str | None
    recovered_fen: int
    written_off_fen: int
