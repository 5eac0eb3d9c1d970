"""The money of a transfer in: a receipt that collection has matched with the letter. Pure.

The letter and its money become known in any order, so they meet when the transfer is approved: it is
posted only with the order of its receipt, out of suspense. Money that no receipt shows is posted
straight from the income account, with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.posting.domain.entries import Line
from services.ledger.settlement.domain.line import credit_line, debit_line
from services.ledger.settlement.domain.refund import RefundOrder
from services.ledger.settlement.domain.transfer_in import IncomingTransfer
from shared.entry import Account
from shared.errors import Fault, Kind
from shared.money import format_yuan
from shared.roles import CENTRE

INCOME = "transfer_income"


class TransferMoneyExpected(LedgerRefusal):
    """该联系函的到账尚未认领:先由征缴申请并批准转列(POST /v1/refunds,注明 transfer);确无到账的,注明 without_receipt
    (no receipt is matched with this letter: match it by POST /v1/refunds with its `transfer`, or
    give the reason `without_receipt`)"""

    kind = Kind.CONFLICT
    code = "TRANSFER_MONEY_EXPECTED"


class TransferMoneyDiffers(LedgerRefusal):
    """转入额与已认领的到账不符:金额须一致,差额留在暂收款 (the amount differs from the receipt that is
    matched with the letter; a difference stays in suspense)"""

    kind = Kind.CONFLICT
    code = "TRANSFER_MONEY_DIFFERS"


class TransferMoneyMatched(LedgerRefusal):
    """该联系函已有认领的到账,不得再按无到账办理 (a receipt is matched with this letter: leave out
    `without_receipt`)"""

    kind = Kind.CONFLICT
    code = "TRANSFER_MONEY_MATCHED"


def order_of(orders: Sequence[RefundOrder], amount_fen: int) -> RefundOrder | None:
    """Return the first of a letter's open orders that has exactly this amount."""
    return next((one for one in orders if one.amount_fen == amount_fen), None)


def money_refusal(
    transfer: IncomingTransfer, amount_fen: int, orders: Sequence[RefundOrder], *, is_last: bool
) -> LedgerRefusal | None:
    """Return why a transfer cannot have its money, or None.

    Args:
        transfer: the letter.
        amount_fen: the amount that it brings.
        orders: the open orders of the letter's receipts.
        is_last: it is being approved; until then the money may still come.
    """
    if transfer.without_receipt is not None:
        return TransferMoneyMatched(letter=transfer.letter) if orders else None
    if not is_last or order_of(orders, amount_fen) is not None:
        return None
    if not orders:
        return TransferMoneyExpected(letter=transfer.letter)
    matched = ", ".join(format_yuan(one.amount_fen) for one in orders)
    return TransferMoneyDiffers(faults=[Fault("/amounts", TransferMoneyDiffers.code, matched)])


def transfer_lines(order: RefundOrder) -> list[Line]:
    """Return the entries that turn a receipt's suspense into transfer income of the letter's fund.

    Suspense of another fund passes through the deposit: each fund balances by itself.
    """
    assert order.transfer is not None
    fund, lines = order.transfer.fund, list[Line]()
    for (held_fund, district), fen in order.suspense_fen.items():
        lines.append(debit_line(held_fund, Account.SUSPENSE_RECEIPTS, district, fen))
        if held_fund != fund:
            lines.append(credit_line(held_fund, order.deposit, district, fen))
            lines.append(debit_line(fund, order.deposit, CENTRE, fen))
        lines.append(credit_line(fund, INCOME, CENTRE, fen))
    return lines
