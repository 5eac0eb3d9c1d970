"""Debit batches: make one from what is owed, and take what the bank says of its lines.

A batch's row is locked first, so that result files of one batch come in turn; which of them comes
first makes no difference to where the money ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel, Receipt, Rejection, new_receipt
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.common.domain.errors import DayInFuture
from services.collection.receipts import store as receipts_store
from services.collection.receipts.domain import (
    DebitChanges,
    DebitResult,
    DebitStatus,
    NothingToDebit,
    apply_results,
    masked_account,
)
from services.collection.receipts.flows import booking as booking_flow
from services.collection.receipts.store import DebitBatch, DebitLineRow
from shared import trail
from shared.clock import today
from shared.errors import Fault, Faulty, NotFound
from shared.ids import Ref, key_of, uuid7
from shared.references import Reference
from shared.roles import CENTRE, Caller, Role

TRAIL_ITEMS_MAX: Final = 1000
"""Rejected items that one step of the trail lists; it always counts them all."""


class DebitBatchUnknown(NotFound):
    """无此扣款批次 (no such debit batch)"""

    code = "DEBIT_BATCH_UNKNOWN"


@dataclass(frozen=True, slots=True)
class NewDebitBatch:
    """A new batch, and how many open bills it leaves out because their units gave no account."""

    batch: DebitBatch
    without_account: int


def batch_ref(batch_id: UUID) -> Ref:
    """A batch's reference."""
    return Ref(key_of("debit_batch", batch_id.hex), batch_id)


async def load_batch(tx: AsyncConnection, text: str, *, lock: bool = False) -> DebitBatch:
    """A batch by its reference.

    Raises:
        NotAReference, DebitBatchUnknown: there is none.
    """
    ref = Ref.parse(Reference.DEBIT_BATCH, text)
    batch = await receipts_store.load(tx, ref.id, lock=lock)
    if batch is None or batch_ref(batch.id) != ref:
        raise DebitBatchUnknown
    return batch


async def find(tx: AsyncConnection, text: str, caller: Caller) -> DebitBatch:
    """Read a batch by its reference.

    Raises:
        NotAReference, DebitBatchUnknown: there is none. Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await load_batch(tx, text)


async def page(
    tx: AsyncConnection,
    *,
    status: str | None,
    period: str | None,
    caller: Caller,
    after: UUID | None,
    limit: int,
) -> list[DebitBatch]:
    """Read batches in the order in which they were made.

    Raises:
        Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await receipts_store.page(tx, status=status, period=period, after=after, limit=limit)


async def line_page(
    tx: AsyncConnection, text: str, caller: Caller, *, after: int | None, limit: int
) -> list[DebitLineRow]:
    """Read the lines of a batch by number. Only the bank gateway gets whole account numbers.

    Raises:
        NotAReference, DebitBatchUnknown, Forbidden: as `find`.
    """
    batch = await find(tx, text, caller)
    rows = await receipts_store.line_page(tx, batch.id, after=after, limit=limit)
    if caller.role is Role.BANK_GATEWAY:
        return rows
    return [replace(row, bank=masked_account(row.bank)) for row in rows]


async def create_batch(
    tx: AsyncConnection, *, period: str, debit_date: date, caller: Caller
) -> NewDebitBatch:
    """A batch over every open bill of a period that its unit pays by debit; and how many such bills
    had to be left out because the unit has given no account.

    Raises:
        DayInFuture: the debit date lies after today.
        NothingToDebit: no bill waits to be debited.
    """
    if debit_date > today():
        raise DayInFuture(debit_date=debit_date)
    batch_id = uuid7()
    await receipts_store.add_lines(tx, batch_id, period=period, on=debit_date)
    lines, total_fen = await receipts_store.totals(tx, batch_id)
    without_account = await receipts_store.without_account(tx, period=period, on=debit_date)
    if lines == 0:
        raise NothingToDebit(period=period, without_account=without_account)
    batch = await receipts_store.insert_batch(
        tx,
        batch_id,
        period=period,
        on=debit_date,
        lines=lines,
        total_fen=total_fen,
        by=caller.subject,
    )
    step = trail.Step(
        shard_key=batch_ref(batch_id).key,
        paper="debit_batch",
        paper_id=batch_id,
        step="created",
        signs=True,
        detail={"lines": lines, "total_fen": total_fen, "without_account": without_account},
    )
    await trail.record(tx, step, caller)
    return NewDebitBatch(batch, without_account)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitResultSummary:
    """What became of a result file's items."""

    settled: int
    refused: int
    unknown: int
    replayed: int
    rejected: list[Rejection]


async def report_results(
    tx: AsyncConnection, text: str, reports: Sequence[DebitResult], *, region: str, caller: Caller
) -> DebitResultSummary:
    """Take a bank's result file.

    Raises:
        NotAReference, DebitBatchUnknown: there is no such batch.
        Faulty: value dates after today.
        NoPolicy: a value date without a policy in force.
    """
    _check_days(reports)
    batch = await load_batch(tx, text, lock=True)
    policies = await booking_flow.policies_of(tx, region)
    lines = await receipts_store.lines_of(tx, batch.id, [report.line_no for report in reports])
    changes = apply_results(lines, reports, await receipts_store.reasons(tx))
    await _settle(tx, batch, changes, policies, caller)
    changed = list(changes.changed.values())
    await receipts_store.save_lines(tx, batch.id, changed)
    await receipts_store.count_answers(tx, batch.id, changed)
    heard = DebitResultSummary(
        settled=len(changes.changed_to(DebitStatus.SETTLED)),
        refused=len(changes.changed_to(DebitStatus.REFUSED)),
        unknown=len(changes.changed_to(DebitStatus.UNKNOWN)),
        replayed=changes.replayed,
        rejected=changes.rejected,
    )
    await _record(tx, batch, heard, caller)
    return heard


def _check_days(reports: Sequence[DebitResult]) -> None:
    faults = [
        Fault(f"/results/{index}/value_date", "DAY_IN_FUTURE", DayInFuture().message)
        for index, report in enumerate(reports)
        if report.value_date > today()
    ]
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))


async def _settle(
    tx: AsyncConnection,
    batch: DebitBatch,
    changes: DebitChanges,
    policies: booking_flow.ReceiptPolicies,
    caller: Caller,
) -> None:
    """Book what was debited. A serial that stands for another receipt takes its line back."""
    settled = changes.changed_to(DebitStatus.SETTLED)
    if not settled:
        return
    payers = await receipt_store.payers(tx, [line.credit_code for line in settled])
    receipts = {
        line.line_no: new_receipt(
            line.arrival,
            source=caller.subject,
            channel=Channel.BANK_DEBIT,
            paper=batch_ref(batch.id).text(Reference.DEBIT_BATCH),
            payer=payers.get(line.credit_code),
            book_date=line.arrival.paid_on,
        )
        for line in settled
    }
    taken = await booking_flow.take_in(tx, list(receipts.values()))
    new = {receipt.id for receipt in taken.new}
    for line in settled:
        if receipts[line.line_no].id not in new:
            changes.restore(line, "SERIAL_REUSED", "流水号已用于另一笔到账 (serial already used)")
    booked: list[Receipt] = [
        receipts[line.line_no] for line in settled if receipts[line.line_no].id in new
    ]
    wanted = [(line.unit_id, line.bill_id) for line in settled]
    bills = await allocation_store.lock_named(tx, wanted)
    await booking_flow.book(tx, policies, booked, bills)


async def _record(
    tx: AsyncConnection, batch: DebitBatch, heard: DebitResultSummary, caller: Caller
) -> None:
    step = trail.Step(
        shard_key=batch_ref(batch.id).key,
        paper="debit_batch",
        paper_id=batch.id,
        step="results_reported",
        signs=False,
        detail=asdict(replace(heard, rejected=heard.rejected[:TRAIL_ITEMS_MAX]))
        | {"rejected_count": len(heard.rejected)},
    )
    await trail.record(tx, step, caller)
