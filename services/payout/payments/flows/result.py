"""Hearing what the bank says of a payment batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.clients import release_payload, voucher_payload
from services.payout.payments.domain.batch import HEARS_THE_BANK, Batch, BatchState
from services.payout.payments.domain.payment import Hearing, Report, hear_all
from services.payout.payments.domain.posting import Effects, effects_of, release_event, vouchers_of
from services.payout.payments.flows.batch import record
from services.payout.payments.store import batch as batch_store
from services.payout.payments.store import result as result_store
from shared import outbox
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class Heard:
    """What a result file came to, and the batch's status after it."""

    hearing: Hearing
    status: str


async def report(
    tx: AsyncConnection, ref: Ref, reports: Sequence[Report], *, today: date, caller: Caller
) -> Heard:
    """Take a result file: lines, sums, and messages to the ledger in one transaction.

    The batch's row is locked first, so that files about one batch are heard one after another.

    Raises:
        NotFound: no such batch.
        BatchState: the bank was never given this batch.
    """
    batch = await batch_store.load(tx, ref, lock=True)
    if batch is None:
        raise NotFound(payment_batch=ref.text(Reference.PAYMENT_BATCH))
    if batch.status not in HEARS_THE_BANK:
        raise BatchState(status=batch.status.value)
    lines = await result_store.lines_of(tx, ref, sorted({one.line_no for one in reports}))
    hearing = hear_all(lines, reports, today)
    await result_store.write_words(tx, ref, hearing, caller.subject)
    if not hearing.applied:
        return Heard(hearing, batch.status.value)
    await result_store.save_lines(tx, ref, list(hearing.after.values()))
    status = await _book(tx, batch, hearing)
    await record(tx, batch, "results", caller, signs=False)
    return Heard(hearing, status)


async def _book(tx: AsyncConnection, batch: Batch, hearing: Hearing) -> str:
    parts = await batch_store.parts_of(tx, batch.ref)
    effects = effects_of(hearing, {part.part_no: part for part in parts})
    await result_store.add_to_parts(tx, batch.ref, effects)
    status = await result_store.add_to_batch(tx, batch, effects)
    report_no = batch.reports + 1
    payments, returns = vouchers_of(batch, parts, effects, report_no)
    assert batch.hold is not None
    messages = [voucher_payload(voucher, batch.hold) for voucher in payments]
    messages += [voucher_payload(voucher, None) for voucher in returns]
    messages += _releases(batch, batch.hold, effects, report_no)
    await outbox.put(tx, batch.ref.key, messages)
    return status


def _releases(batch: Batch, hold: str, effects: Effects, report_no: int) -> list[dict[str, object]]:
    if not effects.released_fen:
        return []
    return [release_payload(hold, release_event(batch, report_no), effects.released_fen)]
