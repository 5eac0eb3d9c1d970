"""Taking an approved claim's amount from the personal account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.withdrawals import store as withdrawals_store
from services.payout.withdrawals.domain import withdrawal_payload
from shared import outbox
from shared.ids import Ref


async def book(tx: AsyncConnection, claim: Ref, today: date) -> None:
    """Let the ledger take an approved claim's amount from the account; others take nothing."""
    withdrawal = await withdrawals_store.of_claim(tx, claim)
    if withdrawal is not None and withdrawal.account_fen:
        await outbox.put(tx, claim.key, [withdrawal_payload(withdrawal, today.isoformat())])


async def unbooked(tx: AsyncConnection, claims: Sequence[Ref]) -> set[Ref]:
    """Find approved claims whose amount the ledger has not taken from the account: its answer is
    awaited, or it refused."""
    return await withdrawals_store.unbooked(tx, claims)


async def refusal(tx: AsyncConnection, claim: Ref) -> str | None:
    """Read why the ledger refused to take an approved claim's amount from the account, if it did."""
    return await withdrawals_store.refusal(tx, claim)


async def cancel(tx: AsyncConnection, claim: Ref) -> bool:
    """Cancel the refused message of a claim, so that nobody sends it again; False without one."""
    return await withdrawals_store.cancel_refused(tx, claim)
