"""Refunds by the original route: what was received, less what was reversed and refunded already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.ledger.common.domain.refusal import LedgerRefusal
from services.ledger.settlement.domain.settlement import Part
from shared.entry import Account
from shared.errors import Fault, Kind
from shared.money import format_yuan

Received = tuple[str, str, str]
"""Fund, account, district."""


class NotRefundable(LedgerRefusal):
    """不得退还:须为原到账凭证所收、未冲销、未退还之款,并循原路 (not what that voucher received and still
    keeps, or not by its route)"""

    kind = Kind.CONFLICT
    code = "NOT_REFUNDABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a voucher received: credits that stand, and the deposits that it came to."""

    received_fen: Mapping[Received, int]
    deposits: frozenset[str]


def faults_of(
    parts: Sequence[Part],
    deposit: str,
    original: Original,
    refunded_fen: Mapping[Received, int],
) -> list[Fault]:
    """Why parts cannot be refunded from a deposit; empty when they can.

    Args:
        parts: what is asked.
        deposit: the account it is to go from: the original's own or, after a sweep, the fiscal one.
        original: what the refunded voucher received.
        refunded_fen: what settlements have refunded of it.
    """
    faults = []
    if deposit != Account.FISCAL_DEPOSIT and deposit not in original.deposits:
        faults.append(Fault("/deposit", NotRefundable.code, deposit))
    for i, part in enumerate(parts):
        name = (part.fund, part.account or "", part.district or "")
        left_fen = original.received_fen.get(name, 0) - refunded_fen.get(name, 0)
        if part.amount_fen > left_fen:
            said = (
                f"{'/'.join(name)}: left={format_yuan(left_fen)},"
                f" asked={format_yuan(part.amount_fen)}"
            )
            faults.append(Fault(f"/amounts/{i}/amount", NotRefundable.code, said))
    return faults
