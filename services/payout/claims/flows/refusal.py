"""Freeing what a refused claim took, and refusing an approved claim that the ledger does not pay."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims.domain.claim import (
    PAPER,
    REFUSAL_PROPOSED,
    Claim,
    ClaimDecided,
    ClaimStatus,
)
from services.payout.claims.store import advance as advance_store
from services.payout.claims.store import claim as claim_store
from services.payout.claims.store import event as event_store
from services.payout.claims.store import pension as pension_store
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.persons import store as persons_store
from services.payout.recoveries.flows import deduction as deduction_flow
from services.payout.withdrawals import flows as withdrawals_flow
from shared import trail
from shared.ids import Ref
from shared.money import format_yuan
from shared.roles import Caller


async def release(tx: AsyncConnection, ref: Ref, caller: Caller) -> None:
    """Free what a refused claim took."""
    # A merger that gives these months and events to another record comes before or after.
    await persons_store.lock_people(tx, alone=False)
    await event_store.release(tx, ref)
    await event_store.release_years(tx, ref)
    await advance_store.release(tx, ref)
    await deduction_flow.undo(tx, ref, caller=caller)
    await pension_store.release(tx, ref, await entitlement_store.time_of_lock(tx))


async def refuse_approved(
    tx: AsyncConnection, claim: Claim, note: str | None, *, caller: Caller
) -> Claim:
    """Refuse a claim whose amount the ledger refused to take: one person proposes, another decides.

    Its message is cancelled with it. Sent again later, it would take from the account what the next
    claim pays.

    Raises:
        Forbidden, SignatureOutOfOrder, NoteMissing: see `Claim.require_refusable`.
        ClaimDecided: the ledger did not refuse it, or a batch pays it.
        SamePersonTwice: the caller proposed it.
    """
    ref = claim.ref
    claim.require_refusable(by=caller, note=note)
    reason = await withdrawals_flow.refusal(tx, ref)
    if reason is None or await claim_store.is_in_batch(tx, ref):
        raise ClaimDecided(status=claim.status.value)
    steps = await trail.of_paper(tx, ref.key, ref.id)
    if not any(one["step"] == REFUSAL_PROPOSED for one in steps):
        await _record(tx, claim, REFUSAL_PROPOSED, note, caller)
        return claim
    if not await withdrawals_flow.cancel(tx, ref):  # an operator has it sent again
        raise ClaimDecided(status=claim.status.value)
    await claim_store.set_status(tx, ref, was=claim.status, to=ClaimStatus.REFUSED)
    await release(tx, ref, caller)
    await _record(tx, claim, "refused_after_approved", note, caller, {"ledger": reason})
    return replace(claim, status=ClaimStatus.REFUSED)


async def _record(
    tx: AsyncConnection,
    claim: Claim,
    step: str,
    note: str | None,
    caller: Caller,
    more: dict[str, str] | None = None,
) -> None:
    """Record a step of the second round: its two people differ, but may have signed the claim."""
    await trail.record(
        tx,
        trail.Step(
            shard_key=claim.ref.key,
            paper=PAPER,
            paper_id=claim.ref.id,
            step=step,
            signs=True,
            round=2,
            why=note,
            detail={"lines": claim.lines, "total": format_yuan(claim.total_fen), **(more or {})},
        ),
        caller,
    )
