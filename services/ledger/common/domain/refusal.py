"""The ledger's refusals.

A `pinned` refusal is kept with the event id that met it: the same event always gets the same
refusal, whatever happens to the balances later, so a sender may safely book something else instead.
Refusals that depend on the ledger's own data (chart, flow matrix, calendar) are not pinned: after an
operator's correction the very same message must pass.
"""

from __future__ import annotations

from typing import Any, ClassVar

from shared.errors import Fault, Kind, Refusal


class LedgerRefusal(Refusal):
    """记账被拒绝 (the ledger refuses this)"""

    pinned: ClassVar[bool] = False


class Unbalanced(LedgerRefusal):
    """借贷不平:每一基金、每一账簿须各自平衡 (each fund and book must balance by itself)"""

    kind = Kind.INVALID
    code = "VOUCHER_UNBALANCED"
    pinned = True


class AmountNotPositive(LedgerRefusal):
    """分录金额须大于零,红字只用于冲销 (an entry's amount must be above zero; negative amounts are for reversals only)"""

    kind = Kind.INVALID
    code = "AMOUNT_NOT_POSITIVE"
    pinned = True


class OwnerNotCentre(LedgerRefusal):
    """财政专户、支出户只能由市中心记账 (only the centre may book an account with a floor)"""

    kind = Kind.INVALID
    code = "OWNER_NOT_CENTRE"
    pinned = True


class BookDateInFuture(LedgerRefusal):
    """日期晚于今日 (a date after today)"""

    kind = Kind.INVALID
    code = "BOOK_DATE_IN_FUTURE"


class DayClosed(LedgerRefusal):
    """该日已结账,不得记入;冲销请记于未结账之日 (the day is closed; post or reverse on an open day)"""

    kind = Kind.CONFLICT
    code = "DAY_CLOSED"


class FundUnknown(LedgerRefusal):
    """记账日无此基金 (no such fund in force on the book date)"""

    kind = Kind.INVALID
    code = "FUND_UNKNOWN"


class AccountUnknown(LedgerRefusal):
    """记账日无此科目,或非末级科目 (no such account in force on the book date, or it has sub-accounts)"""

    kind = Kind.INVALID
    code = "ACCOUNT_UNKNOWN"


class AccountNotInBook(LedgerRefusal):
    """科目不属于该账簿 (the account belongs to the other book)"""

    kind = Kind.INVALID
    code = "ACCOUNT_NOT_IN_BOOK"


class AccountNotInFund(LedgerRefusal):
    """该基金不设此科目 (the fund does not keep this account)"""

    kind = Kind.INVALID
    code = "ACCOUNT_NOT_IN_FUND"


class FlowForbidden(LedgerRefusal):
    """收支两条线:该业务不得由此科目转入彼科目 (the flow matrix has no such flow for this kind)"""

    kind = Kind.INVALID
    code = "FLOW_FORBIDDEN"


class SenderForbidden(LedgerRefusal):
    """该类凭证不得由此发送方记账 (this sender may not post this kind of voucher)"""

    kind = Kind.INVALID
    code = "SENDER_FORBIDDEN"


class InsufficientFunds(LedgerRefusal):
    """账户余额不足,含已预留部分 (the account would fall below zero; holds count)"""

    kind = Kind.CONFLICT
    code = "INSUFFICIENT_FUNDS"
    pinned = True


class HoldUnknown(LedgerRefusal):
    """无此预留 (no such hold)"""

    kind = Kind.CONFLICT
    code = "HOLD_UNKNOWN"
    pinned = True


class HoldExceeded(LedgerRefusal):
    """超出预留余额 (the amount exceeds what remains of the hold)"""

    kind = Kind.CONFLICT
    code = "HOLD_EXCEEDED"
    pinned = True


class HoldExpected(LedgerRefusal):
    """支付凭证须注明其预留 hold (a payment names the hold that it draws upon)"""

    kind = Kind.INVALID
    code = "HOLD_EXPECTED"


class HoldNotDrawn(LedgerRefusal):
    """凭证未从预留账户支出,或另从他户支出 (the voucher does not credit the account of the hold, or a payment credits another one too)"""

    kind = Kind.INVALID
    code = "HOLD_NOT_DRAWN"
    pinned = True


class NotHoldable(LedgerRefusal):
    """该科目不可预留 (only an account with a floor can be held)"""

    kind = Kind.INVALID
    code = "ACCOUNT_NOT_HOLDABLE"


class AlreadyReversed(LedgerRefusal):
    """该凭证已全部冲销 (the voucher is fully reversed already)"""

    kind = Kind.CONFLICT
    code = "ALREADY_REVERSED"
    pinned = True


class ReversalExceeded(LedgerRefusal):
    """冲销超出原凭证未冲销之额 (the reversal exceeds what remains of the original)"""

    kind = Kind.CONFLICT
    code = "REVERSAL_EXCEEDED"


class NotReversible(LedgerRefusal):
    """冲销凭证不得再冲销 (a reversal cannot be reversed; post a new voucher)"""

    kind = Kind.CONFLICT
    code = "NOT_REVERSIBLE"


class TransferNotReversible(LedgerRefusal):
    """转入款须整笔冲销,且个人账户尚有此款、未结息;否则办理关系转出 (only whole, while the account holds it and bears no interest of it: else transfer it out)"""

    kind = Kind.CONFLICT
    code = "TRANSFER_NOT_REVERSIBLE"


class RefundNotReversible(LedgerRefusal):
    """退费凭证不得冲销;银行退回的,由征缴系统记退费退回 (a refund cannot be reversed; when the bank sends it back, collection records its return)"""

    kind = Kind.CONFLICT
    code = "REFUND_NOT_REVERSIBLE"


class CarryOverNotReversible(LedgerRefusal):
    """年末结转凭证不得单独冲销,须反结账 (a carry-over is reversed by reopening its year)"""

    kind = Kind.CONFLICT
    code = "CARRY_OVER_NOT_REVERSIBLE"


class EarlierThanOriginal(LedgerRefusal):
    """冲销日早于原凭证 (a reversal cannot be dated before its original)"""

    kind = Kind.INVALID
    code = "BOOK_DATE_BEFORE_ORIGINAL"


class EventIdReused(LedgerRefusal):
    """该业务号已用于另一内容,所列字段不同 (this event id was used for other content; the fields listed differ)"""

    kind = Kind.CONFLICT
    code = "EVENT_ID_REUSED"


class AtomicRefused(LedgerRefusal):
    """整批办理,因其他凭证被拒而未记 (not posted, because another voucher of the all-or-none batch was refused)"""

    kind = Kind.CONFLICT
    code = "ATOMIC_BATCH_REFUSED"


class AtomicSpansSlots(LedgerRefusal):
    """整批办理的凭证须属同一记账单元 (vouchers posted all or none must belong to one slot)"""

    kind = Kind.INVALID
    code = "ATOMIC_SPANS_SLOTS"


class Unstorable(LedgerRefusal):
    """账簿无法存储此凭证 (the books cannot store this voucher)"""

    kind = Kind.INVALID
    code = "VOUCHER_UNSTORABLE"


class QueueFull(LedgerRefusal):
    """记账队列已满,请稍后重试 (the queue is full; try again)"""

    kind = Kind.UNAVAILABLE
    code = "QUEUE_FULL"


class OutcomeUnknown(LedgerRefusal):
    """数据库中断,结果未知;以同一业务号重试是安全的 (the outcome is unknown; retrying with the same event id is safe)"""

    kind = Kind.UNAVAILABLE
    code = "OUTCOME_UNKNOWN"


class AmountsExpected(LedgerRefusal):
    """此类结算须列明各基金金额 (this kind of settlement needs an amount per fund)"""

    kind = Kind.INVALID
    code = "AMOUNTS_EXPECTED"


class AmountsNotExpected(LedgerRefusal):
    """此类结算按余额全额划转,不得列金额 (this kind moves the whole balance and takes no amounts)"""

    kind = Kind.INVALID
    code = "AMOUNTS_NOT_EXPECTED"


_PINNED: dict[str, type[LedgerRefusal]] = {
    refusal.code: refusal for refusal in LedgerRefusal.__subclasses__() if refusal.pinned
}


def pinned_again(code: str, faults: tuple[Fault, ...], facts: dict[str, Any]) -> LedgerRefusal:
    """Restore a pinned refusal from what was kept of it."""
    return _PINNED[code](faults=faults, **facts)
