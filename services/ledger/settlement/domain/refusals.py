"""Refusals of settlements."""

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


class NothingToMove(LedgerRefusal):
    """无款可划 (there is nothing to move in this direction on this day)"""

    kind = Kind.CONFLICT
    code = "NOTHING_TO_MOVE"


class SweepBackNeeded(LedgerRefusal):
    """收入户合计为负,银行已退回已划走之款,须由财政专户划回 (the income account is below zero in total: the bank took back money that was swept; propose a sweep_back)"""

    kind = Kind.CONFLICT
    code = "SWEEP_BACK_NEEDED"
