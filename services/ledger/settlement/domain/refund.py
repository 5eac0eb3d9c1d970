"""Refund orders: refunds that collection has approved, each to be settled once and exactly. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.ledger.common.domain.funding import funding_step
from services.ledger.common.domain.refusal import InsufficientFunds, LedgerRefusal
from services.ledger.settlement.domain.settlement import DEPOSITS, SettlementKind, SettlementPart
from services.ledger.settlement.domain.transfer_in import FUNDS, ContactLetter
from shared.entry import Account, RefundOrderSource, RefundOrderStatus
from shared.errors import Fault, Kind
from shared.money import format_yuan
from shared.references import Reference


class RefundWithoutReason(LedgerRefusal):
    """退款须有征缴系统已批准的退费单:先申请并批准退费(POST /v1/refunds),再以 "refund": "rfd_…" 结算
    (a refund settles an approved refund of collection: request it by POST /v1/refunds, have it
    approved, then name it: "refund": "rfd_…")"""

    kind = Kind.CONFLICT
    code = "REFUND_WITHOUT_REASON"


class RefundSettled(LedgerRefusal):
    """该退费单已结算,不得重复退款 (this refund is settled already)"""

    kind = Kind.CONFLICT
    code = "REFUND_SETTLED"


class RefundWithdrawn(LedgerRefusal):
    """该退费单已撤回,不得结算 (this refund was withdrawn and cannot be settled)"""

    kind = Kind.CONFLICT
    code = "REFUND_WITHDRAWN"


class RefundDiffers(LedgerRefusal):
    """结算与退费单不符:金额、基金、科目、分中心须一致,付款户为原路或财政专户 (the settlement differs from the
    refund: same amounts, funds, accounts and districts, from the original account or the fiscal one)"""

    kind = Kind.CONFLICT
    code = "REFUND_DIFFERS"


class RefundOrderReused(LedgerRefusal):
    """该退费单已按其他内容下达 (this refund was ordered with other content)"""

    kind = Kind.CONFLICT
    code = "REFUND_ORDER_REUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """An approved refund: what is given back, to whom, why, and from which deposit.

    With a `transfer` letter the receipt's money is not given back but becomes its transfer income.
    """

    id: UUID
    refund: str
    source: RefundOrderSource
    payee: str
    receipt: str | None
    deposit: str
    reason: str
    ordered_on: date
    parts: tuple[SettlementPart, ...]
    status: RefundOrderStatus = RefundOrderStatus.OPEN
    settlement_id: UUID | None = None
    settled_on: date | None = None
    paid_from: str | None = None
    seq: int | None = None
    transfer: ContactLetter | None = None
    reversed_on: date | None = None

    @property
    def amount_fen(self) -> int:
        """The amount of all parts."""
        return sum(part.amount_fen for part in self.parts)

    @property
    def suspense_fen(self) -> dict[tuple[str, str], int]:
        """Sum the parts in suspense: (fund, district) → fen."""
        found: dict[tuple[str, str], int] = {}
        for part in self.parts:
            if part.account == Account.SUSPENSE_RECEIPTS:
                key = (part.fund, part.district or "")
                found[key] = found.get(key, 0) + part.amount_fen
        return found


def order_faults(order: RefundOrder) -> list[Fault]:
    """Return why an order can never be settled; empty when it can."""
    faults = []
    if order.deposit not in DEPOSITS[SettlementKind.REFUND]:
        faults.append(Fault("/deposit", "DEPOSIT_UNSUITABLE", order.deposit))
    if len({part.key for part in order.parts}) < len(order.parts):
        faults.append(Fault("/amounts", "FUND_TWICE", order.refund))
    if order.suspense_fen and order.receipt is None:
        faults.append(Fault("/receipt", "RECEIPT_EXPECTED", order.refund))
    return [*faults, *_transfer_faults(order)]


def _transfer_faults(order: RefundOrder) -> Iterator[Fault]:
    """Find the faults of an order's letter: only suspense of a receipt can become a transfer."""
    is_transfer = order.source is RefundOrderSource.TRANSFER
    if is_transfer is not (order.transfer is not None):
        ending = "EXPECTED" if is_transfer else "NOT_EXPECTED"
        yield Fault("/transfer", f"TRANSFER_{ending}", order.refund)
    if not is_transfer:
        return
    if order.transfer and order.transfer.fund not in FUNDS:
        yield Fault("/transfer/fund", "FUND_WITHOUT_ACCOUNTS", order.transfer.fund)
    if order.deposit == Account.FISCAL_DEPOSIT:
        yield Fault("/deposit", "DEPOSIT_UNSUITABLE", order.deposit)
    if sum(order.suspense_fen.values()) != order.amount_fen:
        yield Fault("/amounts", "SUSPENSE_EXPECTED", order.refund)


def settlement_refusal(
    order: RefundOrder | None, parts: Sequence[SettlementPart], deposit: str | None
) -> LedgerRefusal | None:
    """Return why a settlement does not settle an order, or None.

    Args:
        order: the order that it names; None when it names none, or one that is not there.
        parts: the amounts of the settlement.
        deposit: the account that pays: the order's, or after a sweep the fiscal one.
    """
    if order is None:
        return RefundWithoutReason(
            faults=[Fault("/refund", RefundWithoutReason.code, Reference.REFUND)]
        )
    if order.status is RefundOrderStatus.WITHDRAWN:
        return RefundWithdrawn(faults=[Fault("/refund", RefundWithdrawn.code, order.refund)])
    if order.status is not RefundOrderStatus.OPEN:
        return RefundSettled(faults=[Fault("/refund", RefundSettled.code, order.refund)])
    if order.transfer is not None:
        return RefundDiffers(faults=[Fault("/kind", RefundDiffers.code, "transfer_in")])
    faults = []
    if deposit not in {order.deposit, Account.FISCAL_DEPOSIT}:
        faults.append(Fault("/deposit", RefundDiffers.code, order.deposit))
    if sorted(map(_content, parts)) != sorted(map(_content, order.parts)):
        faults.append(Fault("/amounts", RefundDiffers.code, format_yuan(order.amount_fen)))
    return RefundDiffers(faults=faults) if faults else None


def _content(part: SettlementPart) -> tuple[str, str, str, int]:
    return part.fund, part.account or "", part.district or "", part.amount_fen


def deposit_faults(
    parts: Sequence[SettlementPart], deposit: str, balances: Mapping[tuple[str, str], int]
) -> list[Fault]:
    """Return why a deposit cannot pay parts; empty when it can.

    Args:
        parts: the amounts to refund.
        deposit: the account they are paid from.
        balances: (fund, district) → fen that the refund's day may take from it.
    """
    wanted: dict[tuple[str, str], int] = {}
    for part in parts:
        key = (part.fund, part.district or "")
        wanted[key] = wanted.get(key, 0) + part.amount_fen
    return [
        Fault(
            "/deposit",
            InsufficientFunds.code,
            f"{fund}/{deposit}/{district}: available={format_yuan(balances.get((fund, district), 0))},"
            f" asked={format_yuan(amount_fen)}{funding_step(deposit)}",
        )
        for (fund, district), amount_fen in wanted.items()
        if balances.get((fund, district), 0) < amount_fen
    ]
