"""Further terms of settlements."""

from __future__ import annotations

from dataclasses import dataclass

from services.ledger.settlement.domain.transfer_in import IncomingTransfer


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementTerms:
    """Further terms of a settlement, by its kind.

    `deposit` is the account that receives interest or pays a refund, `refund` the refund order that
    is settled, `receipt` the receipt that it gives back. A refund of `credits` is booked in the memo
    book too. `over_budget` is the reason why a plan exceeds its budget, `plan` the spending plan of
    payout that is funded, `transfer` the person whose money another city sends. Refunds settled
    before there were orders name the refunded `voucher`.
    """

    deposit: str | None = None
    refund: str | None = None
    credits: bool = False
    voucher: str | None = None
    receipt: str | None = None
    over_budget: str | None = None
    plan: str | None = None
    transfer: IncomingTransfer | None = None
