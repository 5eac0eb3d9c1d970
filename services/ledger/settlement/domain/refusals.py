"""Refusals of settlements of adjustment money."""

from __future__ import annotations

from services.ledger.common.domain.refusal import LedgerRefusal
from shared.errors import Kind


class NoAdjustmentRule(LedgerRefusal):
    """该基金当日无调剂金办法 (no adjustment rule of this fund is in force that day)"""

    kind = Kind.CONFLICT
    code = "ADJUSTMENT_RULE_MISSING"


class BeyondCap(LedgerRefusal):
    """超出调剂金办法所定上限 (beyond what the adjustment rules allow)"""

    kind = Kind.CONFLICT
    code = "ADJUSTMENT_CAPPED"
