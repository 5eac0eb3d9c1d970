"""Refunds by the original route: at most what was received, less reversals and earlier refunds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.ledger.common.domain.refusal import InsufficientFunds, LedgerRefusal
from services.ledger.settlement.domain.settlement import SettlementPart
from shared.entry import Account
from shared.errors import Fault, Kind
from shared.money import format_yuan
from shared.references import Reference

REFUNDED_KINDS = frozenset({"receipt", "match", "suspense", "late_fee", "interest"})
"""Kinds of vouchers that book payers' money."""

ReceiptKey = tuple[str, str, str]
"""Fund, account, district."""


class NotRefundable(LedgerRefusal):
    """不得退还:须为原到账凭证所收、未冲销、未退还之款,并循原路 (the voucher did not receive it, no longer
    holds it, or received it by another route)"""

    kind = Kind.CONFLICT
    code = "NOT_REFUNDABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundedReceipt:
    """The amounts that a voucher received, less its reversals, and the deposits it used."""

    received_fen: Mapping[ReceiptKey, int]
    deposits: frozenset[str]

    def with_suspense(
        self, open_fen: Mapping[ReceiptKey, int], refunded_fen: Mapping[ReceiptKey, int]
    ) -> RefundedReceipt:
        """Limit suspense to what is still open: identified money is no longer there to be refunded.

        Earlier refunds are added, because `refund_faults` subtracts them again.
        """
        received = {
            key: open_fen.get(key, 0) + refunded_fen.get(key, 0)
            if key[1] == Account.SUSPENSE_RECEIPTS
            else amount_fen
            for key, amount_fen in self.received_fen.items()
        }
        return replace(self, received_fen=received)


def place_of(voucher: str) -> tuple[int, int] | None:
    """Return (slot, seq) of a voucher's identifier; None if it is not one."""
    parts = voucher.split("_")
    if (
        len(parts) != 3
        or parts[0] != Reference.VOUCHER
        or not all(part.isdecimal() for part in parts[1:])
    ):
        return None
    slot, seq = int(parts[1]), int(parts[2])
    return (slot, seq) if slot < 1024 and seq < 2**63 else None


def refund_faults(
    parts: Sequence[SettlementPart],
    deposit: str,
    receipt: RefundedReceipt,
    refunded_fen: Mapping[ReceiptKey, int],
) -> list[Fault]:
    """Return why parts cannot be refunded from a deposit; empty when they can.

    Args:
        parts: the amounts to refund.
        deposit: the account they are paid from: the receipt's own or, after a sweep, the fiscal one.
        receipt: what the refunded voucher received.
        refunded_fen: what settlements have already refunded of it.
    """
    faults = []
    if deposit != Account.FISCAL_DEPOSIT and deposit not in receipt.deposits:
        faults.append(Fault("/deposit", NotRefundable.code, deposit))
    for i, part in enumerate(parts):
        key = (part.fund, part.account or "", part.district or "")
        left_fen = receipt.received_fen.get(key, 0) - refunded_fen.get(key, 0)
        if part.amount_fen > left_fen:
            message = (
                f"{'/'.join(key)}: left={format_yuan(left_fen)},"
                f" asked={format_yuan(part.amount_fen)}"
            )
            faults.append(Fault(f"/amounts/{i}/amount", NotRefundable.code, message))
    return faults


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
            f" asked={format_yuan(amount_fen)}",
        )
        for (fund, district), amount_fen in wanted.items()
        if balances.get((fund, district), 0) < amount_fen
    ]
