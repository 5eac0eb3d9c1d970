"""Withdrawals: the amount that a claim takes from a personal account, and what is left to pay.

The ledger knows the credits, payout knows what its claims take. A withdrawal that the ledger has not
booked yet is deducted here, so an amount is due once, whatever is still on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference


class WithdrawalKind(StrEnum):
    """The way by which money leaves an account; the value is the ledger's direction."""

    PAYMENT = "withdrawal"  # 退还本人、继承
    TRANSFER = "out"  # 转往外地


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """The balance of an account in the ledger, and what each paper and the pensions took from it."""

    balance_fen: int = 0
    taken_fen: Mapping[str, int] = field(default_factory=dict)
    pensions_fen: int = 0


CANCELLED: Final = "cancelled_transfer"
"""The receiver of a message that is not sent any more, as its claim was refused."""
EMPTY: Final = AccountBalance()
"""An account that never held anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The amounts that a claim takes: of the person's own account, and of the pooled fund with it."""

    person_id: int
    fund: str
    kind: WithdrawalKind
    account_fen: int
    pooled_fen: int
    claim: Ref

    @property
    def paper(self) -> str:
        """Return the name under which the ledger books it once."""
        return self.claim.text(Reference.CLAIM)


def due_fen(
    balance: AccountBalance, earlier: Iterable[Withdrawal], pensions_due_fen: int = 0
) -> int:
    """Compute what an account still holds for its owner; below zero, too much was paid.

    Pensions count as they are due of the account, not as the ledger has drawn them so far: one that is
    on its way is deducted, one of a month after death is not. They take what was ever there at most.

    Args:
        balance: the ledger's.
        earlier: the withdrawals of all claims that are not refused.
        pensions_due_fen: what all months of a pension ask of the account.
    """
    taken_fen = sum(balance.taken_fen.values())
    waiting_fen = sum(one.account_fen for one in earlier if one.paper not in balance.taken_fen)
    ever_fen = balance.balance_fen + balance.pensions_fen + taken_fen
    return ever_fen - min(pensions_due_fen, max(ever_fen, 0)) - taken_fen - waiting_fen


def withdrawal_payload(withdrawal: Withdrawal, day: str) -> dict[str, Any]:
    """Build the outbox message that takes a withdrawal from the account in the ledger."""
    return {
        "to": "personal_transfer",
        "body": {
            "paper": withdrawal.paper,
            "person": Ref(withdrawal.person_id, withdrawal.claim.id).text(Reference.PERSON),
            "fund": withdrawal.fund,
            "direction": withdrawal.kind.value,
            "amount": format_yuan(withdrawal.account_fen),
            "day": day,
        },
    }
