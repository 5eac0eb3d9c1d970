"""Refusals of closings and reopenings (结账拒绝原因), each with its code."""

from __future__ import annotations

from services.ledger.common.domain.refusal import LedgerRefusal
from shared.errors import Kind


class AlreadyClosed(LedgerRefusal):
    """该期间已结账 (already closed)"""

    kind = Kind.CONFLICT
    code = "ALREADY_CLOSED"


class NotClosed(LedgerRefusal):
    """该日尚未结账,无须反结账 (the day is not closed, so it cannot be reopened)"""

    kind = Kind.CONFLICT
    code = "NOT_CLOSED"


class OutOfOrder(LedgerRefusal):
    """须依次结账 (periods must be closed in order)"""

    kind = Kind.CONFLICT
    code = "CLOSING_OUT_OF_ORDER"


class MonthsOpen(LedgerRefusal):
    """十二月尚未月结,不得年结 (close December before the year)"""

    kind = Kind.CONFLICT
    code = "MONTHS_OPEN"


class ReceiptsUnmatched(LedgerRefusal):
    """暂收款尚有余额,到账未全部认领 (some receipts are not matched: suspense is not zero)"""

    kind = Kind.CONFLICT
    code = "RECEIPTS_UNMATCHED"


class IncomeAccountNotEmpty(LedgerRefusal):
    """收入户月末尚有余额,须先划转财政专户 (the income account is not empty at the month end: sweep it first)"""

    kind = Kind.CONFLICT
    code = "INCOME_ACCOUNT_NOT_EMPTY"


class HoldsUnreleased(LedgerRefusal):
    """为支付批次预留的资金尚未支用或解除 (money is still held for payments)"""

    kind = Kind.CONFLICT
    code = "HOLDS_UNRELEASED"


class BusinessNotBooks(LedgerRefusal):
    """业务数与账簿数不一致 (business totals and books differ)"""

    kind = Kind.CONFLICT
    code = "BUSINESS_NOT_BOOKS"


class TotalsDiffer(LedgerRefusal):
    """业务、账簿、统计三数不一致 (business, books and statistics differ)"""

    kind = Kind.CONFLICT
    code = "THREE_TOTALS_DIFFER"


class ReconciliationOpen(LedgerRefusal):
    """对账未完成:有未处理的差异、缺少的对账单或尚未核对的日期 (reconciliation is not finished)"""

    kind = Kind.CONFLICT
    code = "RECONCILIATION_OPEN"


class ControlExpected(LedgerRefusal):
    """结账须附业务控制总数 (this closing needs control totals of business)"""

    kind = Kind.INVALID
    code = "CONTROL_TOTALS_EXPECTED"


class PersonalUnexplained(LedgerRefusal):
    """个人账户与总账不符且未说明 (personal accounts and the general ledger differ without explanation)"""

    kind = Kind.CONFLICT
    code = "PERSONAL_UNEXPLAINED"


class TrialBalanceNotZero(LedgerRefusal):
    """试算不平衡:账簿已损坏,不得结账 (debits and credits differ: the books are damaged)"""

    kind = Kind.CONFLICT
    code = "TRIAL_BALANCE_NOT_ZERO"


class ControlHashDiffers(LedgerRefusal):
    """控制总数与其校验码不符,或为他日所出 (control totals do not match their hash, or are of another day)"""

    kind = Kind.INVALID
    code = "CONTROL_HASH_DIFFERS"
