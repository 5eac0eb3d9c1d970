"""Taking the bank's result files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.clients import voucher_payload
from services.payout.draw_marks import store as draw_marks_store
from services.payout.payments.clients import release_payload
from services.payout.payments.domain.batch import (
    ACCEPTS_RESULTS,
    BatchStatusConflict,
    PaymentBatch,
)
from services.payout.payments.domain.failed import failed_lines
from services.payout.payments.domain.payment import (
    BankReport,
    FileReview,
    OpenDays,
    review_file,
)
from services.payout.payments.domain.posting import (
    FileMovement,
    movement_of,
    release_event,
    vouchers_of,
)
from services.payout.payments.flows.batch import record
from services.payout.payments.store import batch as batch_store
from services.payout.payments.store import failed as failed_store
from services.payout.payments.store import result as result_store
from shared import book_days, outbox
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class FileResult:
    """A reviewed result file, and the batch's status after it."""

    review: FileReview
    status: str


async def report(
    tx: AsyncConnection, ref: Ref, reports: Sequence[BankReport], *, today: date, caller: Caller
) -> FileResult:
    """Take a result file: lines, sums, and messages to the ledger, in one transaction.

    The batch's row is locked first, so that files about one batch are taken one after another.

    Raises:
        NotFound: no such batch.
        BatchStatusConflict: the bank was never given this batch.
    """
    batch = await batch_store.load(tx, ref, lock=True)
    if batch is None:
        raise NotFound(payment_batch=ref.text(Reference.PAYMENT_BATCH))
    if batch.status not in ACCEPTS_RESULTS:
        raise BatchStatusConflict(status=batch.status.value)
    lines = await result_store.lines_of(tx, ref, sorted({item.line_no for item in reports}))
    review = review_file(lines, reports, today, await _open_days(tx, batch, today))
    await result_store.save_reports(tx, ref, review, caller.subject)
    if not review.applied:
        return FileResult(review, batch.status.value)
    await result_store.save_lines(tx, ref, list(review.after.values()))
    await draw_marks_store.of_lines(tx, ref, list(review.after))
    if failed := failed_lines(review):
        await failed_store.add(tx, ref, failed)
    status = await _book(tx, batch, review)
    await record(tx, batch, "results", caller, signs=False)
    return FileResult(review, status)


async def _open_days(tx: AsyncConnection, batch: PaymentBatch, today: date) -> OpenDays:
    days = await book_days.read(tx)
    # The money of a batch is held from its day on: the ledger pays nothing of it before.
    return OpenDays(max(days.first_open_day, min(batch.pay_date, today)), days.chart_from)


async def _book(tx: AsyncConnection, batch: PaymentBatch, review: FileReview) -> str:
    parts = await batch_store.parts_of(tx, batch.ref)
    movement = movement_of(review, {part.part_no: part for part in parts})
    await result_store.add_to_parts(tx, batch.ref, movement)
    status = await result_store.add_to_batch(tx, batch, movement)
    report_no = batch.reports + 1
    payments, returns = vouchers_of(batch, parts, movement, report_no)
    assert batch.hold is not None
    messages = [voucher_payload(voucher, batch.hold) for voucher in payments]
    messages += [voucher_payload(voucher, None) for voucher in returns]
    messages += _releases(batch, batch.hold, movement, report_no)
    await outbox.put(tx, batch.ref.key, messages)
    return status


def _releases(
    batch: PaymentBatch, hold: str, movement: FileMovement, report_no: int
) -> list[dict[str, Any]]:
    if not movement.released_fen:
        return []
    return [release_payload(hold, release_event(batch, report_no), movement.released_fen)]
