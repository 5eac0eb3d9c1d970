"""Forming payment batches and finding the money for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims import store as claims_store
from services.payout.claims.domain import PAPER as CLAIM_PAPER
from services.payout.claims.domain import Claim
from services.payout.common.domain import require_not_future
from services.payout.payments.clients import release_payload
from services.payout.payments.domain.batch import (
    HEARS_THE_BANK,
    PAPER,
    Batch,
    BatchState,
    BatchStatus,
    NotPayable,
    Part,
    already_in_batch,
    faults_in_batch,
    require_bounded,
)
from services.payout.payments.store import batch as batch_store
from services.payout.payments.store import result as result_store
from services.payout.payments.store.result import Payee
from shared import outbox, trail
from shared.errors import Fault, NotFound, SamePersonTwice
from shared.ids import Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import CENTRE, Caller, Role

_BATCHED = "batched"
WORKER = Caller(subject="payout_service", role=Role.PAYOUT_SERVICE, district=CENTRE)
"""Who asks the ledger for money, in the trail."""


async def create(
    tx: AsyncConnection,
    ref: Ref,
    asked: Sequence[Ref],
    *,
    pay_date: date,
    today: date,
    caller: Caller,
) -> Batch:
    """Form a batch from approved claims of one fund.

    Raises:
        DateInFuture: the pay date is not yet.
        NotPayable: every claim that cannot be in it, each with its reason.
        SamePersonTwice: the caller filed or signed one of them.
        BatchTooLarge: more than one hold can carry.
    """
    require_not_future(pay_date, today)
    found = await claims_store.find_many(tx, asked)
    _require_payable(faults_in_batch(asked, found))
    batched_before = await _require_unsigned(tx, asked, caller)
    taken = await batch_store.take_claims(tx, ref, asked)
    _require_payable([already_in_batch(at) for at, one in enumerate(asked) if one not in taken])
    parts = _parts(asked, found)
    require_bounded(parts)
    lines, total_fen = await batch_store.write_lines(tx, ref, parts)
    assert (lines, total_fen) == (
        sum(part.lines for part in parts),
        sum(part.total_fen for part in parts),
    ), "the lines of an approved claim tie with its head"
    batch = _new(ref, found[0].fund, pay_date, lines, total_fen, caller)
    await batch_store.insert(tx, batch)
    await batch_store.write_parts(tx, batch, parts)
    # Whoever pays a claim signs it as well, once: a second batch after a cancelled one is a note.
    again = [ref for ref in asked if ref in batched_before]
    await _record_on_claims(tx, batch, again, _BATCHED, caller, signs=False)
    new = [ref for ref in asked if ref not in batched_before]
    await _record_on_claims(tx, batch, new, _BATCHED, caller, signs=True)
    await record(tx, batch, "created", caller, signs=True)
    return batch


async def _require_unsigned(tx: AsyncConnection, asked: Sequence[Ref], caller: Caller) -> set[Ref]:
    signed = await claims_store.signed_by(tx, asked, caller.subject)
    if any(step != _BATCHED for _, step in signed):
        raise SamePersonTwice(person=caller.subject, step=_BATCHED)
    return {ref for ref, _ in signed}


def _require_payable(faults: Sequence[Fault]) -> None:
    if faults:
        raise NotPayable(faults=faults, count=len(faults))


def _parts(asked: Sequence[Ref], found: Sequence[Claim]) -> list[Part]:
    by_ref = {claim.ref: claim for claim in found}
    return [
        Part(
            part_no=at,
            claim=ref,
            district=by_ref[ref].district,
            period=by_ref[ref].period,
            account=by_ref[ref].account,
            lines=by_ref[ref].lines,
            total_fen=by_ref[ref].total_fen,
        )
        for at, ref in enumerate(asked, start=1)
    ]


def _new(ref: Ref, fund: str, pay_date: date, lines: int, total_fen: int, caller: Caller) -> Batch:
    return Batch(
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


async def check_funding_again(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> Batch:
    """Ask once more for the money of an unfunded batch, under a new event id.

    Raises:
        NotFound: no such batch.
        BatchState: it is not unfunded.
    """
    batch = await _load(tx, ref)
    if not await batch_store.leave_unfunded(tx, ref, to=BatchStatus.FUNDING, another_attempt=True):
        raise BatchState(status=batch.status.value, needs=BatchStatus.UNFUNDED.value)
    again = replace(batch, status=BatchStatus.FUNDING, attempt=batch.attempt + 1, reason=None)
    await record(tx, again, "funding_check", caller, signs=False)
    return again


async def cancel(tx: AsyncConnection, ref: Ref, note: str, *, caller: Caller) -> Batch:
    """Give up an unfunded batch; its claims may be paid by another.

    Raises:
        NotFound: no such batch.
        BatchState: it is not unfunded.
    """
    batch = await _load(tx, ref)
    if not await batch_store.leave_unfunded(
        tx, ref, to=BatchStatus.CANCELLED, another_attempt=False
    ):
        raise BatchState(status=batch.status.value, needs=BatchStatus.UNFUNDED.value)
    parts = await batch_store.parts_of(tx, ref)
    freed = [part.claim for part in parts]
    await batch_store.free_claims(tx, ref, freed)
    await batch_store.bury_parts(tx, ref)
    await _record_on_claims(tx, batch, freed, "batch_cancelled", caller, signs=False)
    await record(tx, batch, "cancelled", caller, signs=False, why=note)
    return replace(batch, status=BatchStatus.CANCELLED)


async def funded(tx: AsyncConnection, batch: Batch, hold: str) -> None:
    """The ledger holds the money of the batch's present attempt.

    A hold that comes too late, for a batch given up or asked anew, is let go; nobody draws on it.
    """
    if await batch_store.set_funded(tx, batch, hold):
        await record(tx, batch, "funded", WORKER, signs=False)
        return
    now = await _load(tx, batch.ref)
    if now.hold != hold:
        event_id = f"unused:{batch.ref.id.hex}:{batch.attempt}"
        await outbox.put(tx, batch.ref.key, [release_payload(hold, event_id, None)])


async def unfunded(tx: AsyncConnection, batch: Batch, reason: str) -> None:
    """The ledger refused the batch's present attempt."""
    if await batch_store.set_unfunded(tx, batch, reason):
        await record(tx, batch, "unfunded", WORKER, signs=False, why=reason)


async def visible(tx: AsyncConnection, ref: Ref) -> Batch:
    """A batch as it stands.

    Raises:
        NotFound: no such batch.
    """
    batch = await batch_store.load(tx, ref)
    if batch is None:
        raise NotFound(payment_batch=ref.text(Reference.PAYMENT_BATCH))
    return batch


async def list_to_pay(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int, caller: Caller
) -> list[Payee]:
    """A batch's lines by number, after one. The bank gets no list that has no money behind it.

    Raises:
        NotFound: no such batch.
        BatchState: the bank asked for a batch that is not funded.
    """
    batch = await visible(tx, ref)
    if caller.role is Role.BANK_GATEWAY and batch.status not in HEARS_THE_BANK:
        raise BatchState(status=batch.status.value)
    return await result_store.page_of_lines(tx, ref, after=after, limit=limit)


async def _load(tx: AsyncConnection, ref: Ref) -> Batch:
    batch = await batch_store.load(tx, ref, lock=True)
    if batch is None:
        raise NotFound(payment_batch=ref.text(Reference.PAYMENT_BATCH))
    return batch


async def record(
    tx: AsyncConnection,
    batch: Batch,
    step: str,
    caller: Caller,
    *,
    signs: bool,
    why: str | None = None,
) -> None:
    """A step in the batch's trail."""
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
    batch: Batch,
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
