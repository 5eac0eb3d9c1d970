"""Forming, funding, cancelling and reading payment batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import ClaimKind
from services.payout.claims.domain.claim import PAPER as CLAIM_PAPER
from services.payout.claims.domain.claim import Claim
from services.payout.claims.store import claim as claim_store
from services.payout.common.domain import require_not_future
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.payments.clients import release_payload
from services.payout.payments.domain.batch import (
    ACCEPTS_RESULTS,
    CLAIMS_MAX,
    PAPER,
    BatchPart,
    BatchStatus,
    BatchStatusConflict,
    ClaimsNotPayable,
    HeldBack,
    NothingToRepay,
    PaymentBatch,
    batch_faults,
    empty_faults,
    in_batch_fault,
    parts_of,
    require_bounded,
)
from services.payout.payments.store import batch as batch_store
from services.payout.payments.store import double as double_store
from services.payout.payments.store import failed as failed_store
from services.payout.payments.store import held_back as held_back_store
from services.payout.payments.store import result as result_store
from services.payout.payments.store.result import PaymentLineRow
from services.payout.persons import store as persons_store
from services.payout.withdrawals import flows as withdrawals_flow
from shared import book_days, outbox, trail
from shared.errors import Fault, NotFound, SamePersonTwice
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import CENTRE, Caller, Role
from shared.webhooks.event import EventType, NewEvent, record_events

BATCHED: Final = "batched"
WORKER: Final = Caller(subject="payout_service", role=Role.PAYOUT_SERVICE, district=CENTRE)
"""The caller in the trail when the background work asks the ledger for money."""


async def create(
    tx: AsyncConnection,
    ref: Ref,
    claim_refs: Sequence[Ref],
    *,
    pay_date: date,
    today: date,
    caller: Caller,
    corrected_only: bool = False,
) -> PaymentBatch:
    """Form a batch from approved claims of one fund.

    A claim that no batch has paid is paid as a whole; of another, the lines are paid again that
    the bank refused or returned, to their corrected accounts. With `corrected_only` those alone
    whose account was corrected after they failed. What is no longer due of a pension's month is
    held back: it waits among the failed payments, and the claim's trail says so.

    Raises:
        DateInFuture: the pay date is after today.
        DayClosed, DayBeforeChart: the books take no entries on the pay date.
        ClaimsNotPayable: every claim that cannot be in it, each with its reason.
        SamePersonTwice: the caller filed or signed one of them.
        BatchTooLarge: more than one hold or voucher can carry.
    """
    require_not_future(pay_date, today)
    # An end, or a merger that shows a double payment, comes before this batch or after it, never
    # during it.
    await entitlement_store.lock_pensions(tx, alone=False)
    await persons_store.lock_people(tx, alone=False)
    await book_days.chosen_day(tx, pay_date, "/pay_date")
    claims = await claim_store.find_many(tx, claim_refs)
    unbooked = await withdrawals_flow.unbooked(tx, claim_refs)
    _require_payable(batch_faults(claim_refs, claims, unbooked))
    batched_before = await _require_unsigned(tx, claim_refs, caller)
    parts, held = await _reserve(tx, ref, claim_refs, claims, corrected_only=corrected_only)
    require_bounded(parts)
    lines, total_fen = await batch_store.write_lines(tx, ref, parts)
    assert (lines, total_fen) == (
        sum(part.lines for part in parts),
        sum(part.total_fen for part in parts),
    ), "the lines add up to the parts"
    batch = _new(ref, claims[0].fund, pay_date, lines, total_fen, caller)
    await batch_store.insert(tx, batch)
    await batch_store.write_parts(tx, batch, parts)
    # Paying a claim is also a signature on it, but only once: the second batch after a cancelled
    # one is recorded as a note.
    again = [claim for claim in claim_refs if claim in batched_before]
    await _record_on_claims(tx, batch, again, BATCHED, caller, signs=False)
    new = [claim for claim in claim_refs if claim not in batched_before]
    await _record_on_claims(tx, batch, new, BATCHED, caller, signs=True)
    await _record_held_back(tx, batch, held, caller)
    await record(tx, batch, "created", caller, signs=True)
    return batch


async def repay(
    tx: AsyncConnection,
    ref: Ref,
    *,
    fund: str,
    district: str | None,
    pay_date: date,
    today: date,
    caller: Caller,
) -> PaymentBatch:
    """Form one batch of all failed lines of a fund whose account was corrected after they failed.

    A batch carries a limited number of claims; the next one pays the rest.

    Raises:
        NothingToRepay: no failed line waits on a corrected account.
        DateInFuture, DayClosed, DayBeforeChart, SamePersonTwice, BatchTooLarge: see `create`.
    """
    ready = await failed_store.ready_claims(tx, fund, district, CLAIMS_MAX)
    unbooked = await withdrawals_flow.unbooked(tx, ready)
    claims = [claim for claim in ready if claim not in unbooked]
    if not claims:
        raise NothingToRepay(fund=fund)
    return await create(
        tx, ref, claims, pay_date=pay_date, today=today, caller=caller, corrected_only=True
    )


async def _reserve(
    tx: AsyncConnection,
    ref: Ref,
    claim_refs: Sequence[Ref],
    claims: Sequence[Claim],
    *,
    corrected_only: bool,
) -> tuple[list[BatchPart], dict[Ref, HeldBack]]:
    whole = await batch_store.reserve_claims(tx, ref, claim_refs)
    again = [claim for claim in claim_refs if claim not in whole]
    failed = {}
    if again:
        failed = await failed_store.reserve(tx, ref, again, corrected_only=corrected_only)
    _require_payable(
        [
            in_batch_fault(index)
            for index, claim in enumerate(claim_refs)
            if claim not in whole and claim not in failed
        ]
    )
    stopped = await double_store.stopped_in(tx, claim_refs)
    runs = {claim.ref for claim in claims if claim.kind == ClaimKind.PENSION_RUN}
    held = await held_back_store.hold_back(tx, ref, list(whole & runs)) if runs else {}
    parts = parts_of(claim_refs, claims, failed, stopped, held)
    _require_payable(empty_faults(claim_refs, parts, held))
    return parts, held


async def _require_unsigned(
    tx: AsyncConnection, claim_refs: Sequence[Ref], caller: Caller
) -> set[Ref]:
    signed = await claim_store.signed_by(tx, claim_refs, caller.subject)
    if any(step != BATCHED for _, step in signed):
        raise SamePersonTwice(person=caller.subject, step=BATCHED)
    return {ref for ref, _ in signed}


def _require_payable(faults: Sequence[Fault]) -> None:
    if faults:
        raise ClaimsNotPayable(faults=faults, count=len(faults))


def _new(
    ref: Ref, fund: str, pay_date: date, lines: int, total_fen: int, caller: Caller
) -> PaymentBatch:
    return PaymentBatch(
        ref=ref,
        fund=fund,
        pay_date=pay_date,
        status=BatchStatus.FUNDING,
        reason=None,
        attempt=1,
        hold=None,
        lines=lines,
        open_lines=lines,
        total_fen=total_fen,
        paid_fen=0,
        refused_fen=0,
        returned_fen=0,
        reports=0,
        created_by=caller.subject,
    )


async def check_funding_again(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> PaymentBatch:
    """Ask again for the money of an unfunded batch, under a new event id.

    Raises:
        NotFound: no such batch.
        BatchStatusConflict: it is not unfunded.
    """
    batch = await _load(tx, ref)
    if not await batch_store.leave_unfunded(tx, ref, to=BatchStatus.FUNDING, another_attempt=True):
        raise BatchStatusConflict(status=batch.status.value, needs=BatchStatus.UNFUNDED.value)
    again = replace(batch, status=BatchStatus.FUNDING, attempt=batch.attempt + 1, reason=None)
    await record(tx, again, "funding_check", caller, signs=False)
    return again


async def cancel(tx: AsyncConnection, ref: Ref, note: str, *, caller: Caller) -> PaymentBatch:
    """Cancel an unfunded batch; another batch may pay its claims.

    Raises:
        NotFound: no such batch.
        BatchStatusConflict: it is not unfunded.
    """
    batch = await _load(tx, ref)
    if not await batch_store.leave_unfunded(
        tx, ref, to=BatchStatus.CANCELLED, another_attempt=False
    ):
        raise BatchStatusConflict(status=batch.status.value, needs=BatchStatus.UNFUNDED.value)
    claims = [part.claim for part in await batch_store.parts_of(tx, ref)]
    await batch_store.release_claims(tx, ref, claims)
    await failed_store.release(tx, ref)
    await batch_store.void_parts(tx, ref)
    await _record_on_claims(tx, batch, claims, "batch_cancelled", caller, signs=False)
    await record(tx, batch, "cancelled", caller, signs=False, why=note)
    return replace(batch, status=BatchStatus.CANCELLED)


async def waiting_for_funds(tx: AsyncConnection, limit: int) -> list[PaymentBatch]:
    """Read the oldest batches that wait for the ledger's answer."""
    return await batch_store.waiting_for_funds(tx, limit)


async def mark_funded(tx: AsyncConnection, batch: PaymentBatch, hold: str) -> None:
    """Store that the ledger holds the money of the batch's present attempt.

    A hold that arrives too late, after the batch was cancelled or asked for again, is released:
    nothing draws on it.
    """
    if await batch_store.set_funded(tx, batch, hold):
        await record(tx, batch, "funded", WORKER, signs=False)
        reference = batch.ref.text(Reference.PAYMENT_BATCH)
        ready = NewEvent(EventType.PAYMENT_BATCH_READY, batch.ref.key, reference)
        await record_events(tx, [ready])
        return
    current = await _load(tx, batch.ref)
    if current.hold != hold:
        event_id = f"unused:{batch.ref.id.hex}:{batch.attempt}"
        await outbox.put(tx, batch.ref.key, [release_payload(hold, event_id, None)])


async def mark_unfunded(tx: AsyncConnection, batch: PaymentBatch, reason: str) -> None:
    """Store that the ledger refused the batch's present attempt."""
    if await batch_store.set_unfunded(tx, batch, reason):
        await record(tx, batch, "unfunded", WORKER, signs=False, why=reason)


async def find(tx: AsyncConnection, ref: Ref) -> PaymentBatch:
    """Read a batch.

    Raises:
        NotFound: no such batch.
    """
    batch = await batch_store.load(tx, ref)
    if batch is None:
        raise NotFound(payment_batch=ref.text(Reference.PAYMENT_BATCH))
    return batch


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[PaymentBatch]:
    """Read batches in order of creation; `filters` are columns and the values they must have."""
    return await batch_store.page(tx, filters=filters, after=after, limit=limit)


async def lines(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, caller: Caller
) -> list[PaymentLineRow]:
    """Read a batch's lines by number, after one. The bank gets no list without money behind it.

    Raises:
        NotFound: no such batch.
        BatchStatusConflict: the bank asked for a batch that is not funded.
    """
    await find_for(tx, ref, caller)
    return await result_store.page_of_lines(tx, ref, after=after, limit=limit)


async def find_for(tx: AsyncConnection, ref: Ref, caller: Caller) -> PaymentBatch:
    """Read a batch whose list the caller may have.

    Raises:
        NotFound, BatchStatusConflict: see `lines`.
    """
    batch = await find(tx, ref)
    if caller.role is Role.BANK_GATEWAY and batch.status not in ACCEPTS_RESULTS:
        raise BatchStatusConflict(status=batch.status.value)
    return batch


async def steps(tx: AsyncConnection, ref: Ref) -> list[dict[str, Any]]:
    """Read the trail of a batch.

    Raises:
        NotFound: no such batch.
    """
    await find(tx, ref)
    return await trail.of_paper(tx, ref.key, ref.id)


async def _load(tx: AsyncConnection, ref: Ref) -> PaymentBatch:
    batch = await batch_store.load(tx, ref, lock=True)
    if batch is None:
        raise NotFound(payment_batch=ref.text(Reference.PAYMENT_BATCH))
    return batch


async def record(
    tx: AsyncConnection,
    batch: PaymentBatch,
    step: str,
    caller: Caller,
    *,
    signs: bool,
    why: str | None = None,
) -> None:
    """Record a step in the batch's trail."""
    await trail.record(
        tx,
        trail.Step(
            shard_key=batch.ref.key,
            paper=PAPER,
            paper_id=batch.ref.id,
            step=step,
            signs=signs,
            why=why,
            detail={"lines": batch.lines, "total": format_yuan(batch.total_fen)},
        ),
        caller,
    )


async def _record_on_claims(
    tx: AsyncConnection,
    batch: PaymentBatch,
    refs: Sequence[Ref],
    step: str,
    caller: Caller,
    *,
    signs: bool,
) -> None:
    await trail.record_many(
        tx,
        [(ref.key, ref.id, 1) for ref in refs],
        trail.Step(
            shard_key=batch.ref.key,
            paper=CLAIM_PAPER,
            paper_id=batch.ref.id,
            step=step,
            signs=signs,
            detail={"payment_batch": batch.ref.text(Reference.PAYMENT_BATCH)},
        ),
        caller,
    )


async def _record_held_back(
    tx: AsyncConnection, batch: PaymentBatch, held: dict[Ref, HeldBack], caller: Caller
) -> None:
    """Say on the claims that the batch pays less than was signed, and on the batch how much."""
    if not held:
        return
    first = trail.Step(
        shard_key=batch.ref.key,
        paper=CLAIM_PAPER,
        paper_id=batch.ref.id,
        step="held_back",
        signs=False,
        why=held_back_store.REASON,
        detail={"payment_batch": batch.ref.text(Reference.PAYMENT_BATCH)},
    )
    await trail.record_many(tx, [(claim.key, claim.id, 1) for claim in held], first, caller)
    detail = {
        "lines": sum(back.lines for back in held.values()),
        "total": format_yuan(sum(back.fen for back in held.values())),
    }
    await trail.record(tx, replace(first, paper=PAPER, detail=detail), caller)
