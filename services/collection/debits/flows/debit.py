"""Debit batches: create one from open bills, and apply the bank's results.

The batch is locked first, so that its result files are applied in turn. Their order does not change
where the money ends up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill
from services.collection.allocation.domain.receipt import (
    Channel,
    Receipt,
    Rejection,
    bank_source,
    new_receipt,
)
from services.collection.allocation.flows import ReceiptPolicies, policies_of
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.billing.store import due as due_store
from services.collection.common.domain.errors import DayInFuture
from services.collection.common.store import calendar as calendar_store
from services.collection.debits.domain.bank_profile import CITY_BANK, file_number
from services.collection.debits.domain.debit import (
    DebitChanges,
    DebitLine,
    DebitResult,
    DebitStatus,
    NothingToDebit,
    apply_results,
    masked_account,
)
from services.collection.debits.domain.retry import bounds_on
from services.collection.debits.flows import bank_profile as bank_profile_flow
from services.collection.debits.flows import return_debit as return_debit_flow
from services.collection.debits.store import debit as debit_store
from services.collection.debits.store import retry_rule as retry_rule_store
from services.collection.debits.store import selection as selection_store
from services.collection.debits.store.debit import DebitBatch, DebitLineRow
from services.collection.debits.store.selection import DebitExclusion
from services.collection.mode import flows as mode_flow
from services.collection.receipts.flows import booking as booking_flow
from shared import book_days, trail
from shared.book_days.open_day import BookDays, DayBeforeChart
from shared.clock import today
from shared.errors import Fault, Faulty, NotFound, Refusal
from shared.ids import Ref, key_of, uuid7, uuid7s
from shared.references import Reference
from shared.roles import CENTRE, Caller, Role
from shared.security.personal_data import AccountCipher
from shared.webhooks.event import EventType, NewEvent, record_events

TRAIL_ITEMS_MAX: Final = 1000
"""Number of rejected items that a step of the trail lists; it always counts all."""
_WORKDAYS_READ: Final = timedelta(60)
"""Days before a debit day in which refusals are counted by workdays."""


class DebitBatchUnknown(NotFound):
    """无此扣款批次 (no such debit batch)"""

    code = "DEBIT_BATCH_UNKNOWN"


@dataclass(frozen=True, slots=True)
class NewDebitBatch:
    """A new batch, and the number of open bills left out because their units gave no account."""

    batch: DebitBatch
    without_account: int


def batch_ref(batch_id: UUID) -> Ref:
    """Return the reference of a batch."""
    return Ref(key_of("debit_batch", batch_id.hex), batch_id)


async def load_batch(tx: AsyncConnection, text: str, *, lock: bool = False) -> DebitBatch:
    """Read a batch by its reference.

    Raises:
        NotAReference, DebitBatchUnknown: there is none.
    """
    ref = Ref.parse(Reference.DEBIT_BATCH, text)
    batch = await debit_store.load(tx, ref.id, lock=lock)
    if batch is None or batch_ref(batch.id) != ref:
        raise DebitBatchUnknown
    return batch


async def find(tx: AsyncConnection, text: str, caller: Caller) -> DebitBatch:
    """Read a batch by its reference.

    Raises:
        NotAReference, DebitBatchUnknown: there is none.
        Forbidden: the caller is of a district.
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
    return await debit_store.page(tx, status=status, period=period, after=after, limit=limit)


async def line_page(
    tx: AsyncConnection,
    text: str,
    caller: Caller,
    *,
    accounts: AccountCipher,
    after: int | None,
    limit: int,
) -> list[DebitLineRow]:
    """Read the lines of a batch by number. Only the bank gateway gets whole account numbers.

    Raises:
        NotAReference, DebitBatchUnknown, Forbidden: as `find`.
    """
    batch = await find(tx, text, caller)
    rows = await debit_store.line_page(tx, batch.id, after=after, limit=limit)
    whole = caller.role is Role.BANK_GATEWAY
    opened = [(row, accounts.opened(dict(row.bank))) for row in rows]
    return [replace(row, bank=bank if whole else masked_account(bank)) for row, bank in opened]


async def create_batch(
    tx: AsyncConnection, *, period: str, debit_date: date, bank: str, region: str, caller: Caller
) -> NewDebitBatch:
    """Create a batch of all open bills of a period that a bank may debit under agreements.

    Raises:
        DayInFuture: the debit date is after today.
        BankProfileUnknown: there is no such bank.
        NothingToDebit: there is no bill to debit. TaxCollects: the tax bureau collects on that day.
    """
    if debit_date > today():
        raise DayInFuture(debit_date=debit_date)
    await mode_flow.require_agency(tx, region, debit_date)
    await bank_profile_flow.find(tx, bank)
    batch_id = uuid7()
    workdays = await calendar_store.workdays(tx, debit_date - _WORKDAYS_READ, debit_date)
    bounds = bounds_on(debit_date, await retry_rule_store.retry_rules(tx), workdays)
    await selection_store.add_lines(
        tx, batch_id, period=period, on=debit_date, bank=bank, bounds=bounds
    )
    lines, total_fen = await debit_store.totals(tx, batch_id)
    without_account = await debit_store.without_account(tx, period=period, on=debit_date)
    excluded = await selection_store.excluded(tx, batch_id)
    if lines == 0:
        left_out = " ".join(f"{reason}={bills}" for reason, bills in sorted(excluded.items()))
        raise NothingToDebit(period=period, without_account=without_account, left_out=left_out)
    batch = await debit_store.insert_batch(
        tx,
        {
            "id": batch_id,
            "period": period,
            "debit_date": debit_date,
            "bank": bank,
            "file_no": file_number(debit_date, batch_id),
            "excluded_lines": sum(excluded.values()),
        },
        totals=(lines, total_fen),
        by=caller.subject,
    )
    step = trail.Step(
        shard_key=batch_ref(batch_id).key,
        paper="debit_batch",
        paper_id=batch_id,
        step="created",
        signs=True,
        detail={
            "bank": bank,
            "lines": lines,
            "total_fen": total_fen,
            "without_account": without_account,
            "excluded": excluded,
        },
    )
    await trail.record(tx, step, caller)
    ref = batch_ref(batch_id)
    event = NewEvent(
        EventType.DEBIT_BATCH_READY, ref.key, ref.text(Reference.DEBIT_BATCH), {"period": period}
    )
    await record_events(tx, [event])
    return NewDebitBatch(batch, without_account)


async def exclusion_page(
    tx: AsyncConnection, text: str, caller: Caller, *, after: tuple[int, UUID], limit: int
) -> Sequence[DebitExclusion]:
    """Read the bills that were left out of a batch, and why.

    Raises:
        NotAReference, DebitBatchUnknown, Forbidden: as `find`.
    """
    batch = await find(tx, text, caller)
    return await selection_store.exclusion_page(tx, batch.id, after=after, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitResultSummary:
    """Counts of a result file's items, and its rejections."""

    settled: int
    refused: int
    returned: int
    unknown: int
    replayed: int
    rejected: list[Rejection]


async def report_results(
    tx: AsyncConnection,
    text: str,
    results: Sequence[DebitResult],
    *,
    bank: str | None,
    region: str,
    caller: Caller,
) -> DebitResultSummary:
    """Apply a result file of a bank; None is the bank of the batch.

    Raises:
        NotAReference, DebitBatchUnknown: there is no such batch.
        Faulty: value dates are after today.
        NoPolicy: no policy was in force on a value date.
    """
    days = await book_days.read(tx)
    _check_days(results, days)
    batch = await load_batch(tx, text, lock=True)
    policies = await policies_of(tx, region)
    lines = await debit_store.lines_of(tx, batch.id, [result.line_no for result in results])
    changes = apply_results(lines, results, await debit_store.reasons(tx))
    own = None if batch.bank == CITY_BANK else batch.bank
    receipts = await _settle(tx, batch, changes, bank_source(bank or own), policies, days, caller)
    await return_debit_flow.book(tx, changes, receipts, region=region, caller=caller)
    changed = list(changes.changed.values())
    await debit_store.save_lines(tx, batch.id, changed)
    pairs = [(changes.before[line.line_no], line) for line in changed]
    await debit_store.count_answers(tx, batch.id, pairs)
    await _look_again(tx, changed)
    summary = DebitResultSummary(
        settled=len(changes.booked),
        refused=len(changes.changed_to(DebitStatus.REFUSED)),
        returned=len([one for one in changes.returned if one[0] not in changes.booked]),
        unknown=len(changes.changed_to(DebitStatus.UNKNOWN)),
        replayed=changes.replayed,
        rejected=changes.rejected,
    )
    await _record(tx, batch, summary, caller)
    return summary


async def _look_again(tx: AsyncConnection, lines: Sequence[DebitLine]) -> None:
    """Credits did not lower bills that the bank was asked to debit: now that it has answered, they may."""
    answered = [line for line in lines if line.status.is_final and line.value_date]
    units = await due_store.with_credits(tx, sorted({line.unit_id for line in answered}))
    days = [line.value_date for line in answered if line.value_date]
    if units:
        await due_store.mark_due(tx, units, cause="debit", on=max(days))


def _check_days(results: Sequence[DebitResult], days: BookDays) -> None:
    faults = [
        Fault(f"/results/{index}/value_date", found.code, found.message)
        for index, result in enumerate(results)
        for found in day_refusals(result.value_date, days)
    ]
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))


def day_refusals(day: date, days: BookDays) -> list[Refusal]:
    """Find why a bank's day cannot be booked."""
    if day > today():
        return [DayInFuture()]
    return [DayBeforeChart()] if days.is_before_chart(day) else []


async def _settle(
    tx: AsyncConnection,
    batch: DebitBatch,
    changes: DebitChanges,
    source: str,
    policies: ReceiptPolicies,
    days: BookDays,
    caller: Caller,
) -> dict[int, Ref]:
    """Book lines whose money came; return the receipt of every paid line.

    A line whose serial belongs to another receipt is restored.
    """
    settled = [line for _, line in sorted(changes.booked.items())]
    known = {line.line_no: line.receipt for line in changes.before.values() if line.receipt}
    if not settled:
        return known
    payers = await receipt_store.payers(tx, [line.credit_code for line in settled])
    paper = batch_ref(batch.id).text(Reference.DEBIT_BATCH)
    payments = {line.line_no: line.incoming for line in settled}
    paid_on = {payment.paid_on for payment in payments.values()}
    booked_on = {day: days.fact_day(day).book_date for day in paid_on}
    receipts = {
        line_no: new_receipt(
            payment,
            source=source,
            channel=Channel.BANK_DEBIT,
            paper=paper,
            payer=payers.get(payment.credit_code),
            book_date=booked_on[payment.paid_on],
            receipt_id=receipt_id,
        )
        for receipt_id, (line_no, payment) in zip(
            uuid7s(len(payments)), payments.items(), strict=True
        )
    }
    intake = await booking_flow.take_in(tx, list(receipts.values()))
    new = {receipt.id for receipt in intake.new}
    for line in settled:
        if receipts[line.line_no].id not in new:
            changes.restore(line, "SERIAL_REUSED", "流水号已用于另一笔到账 (serial already used)")
    booked: list[Receipt] = [
        receipts[line.line_no] for line in settled if receipts[line.line_no].id in new
    ]
    await booking_flow.book(tx, policies, booked, partial(_lock, tx), caller)
    own = {line_no: Ref(receipt.key, receipt.id) for line_no, receipt in receipts.items()}
    return known | own


async def _lock(tx: AsyncConnection, receipts: Sequence[Receipt]) -> list[Bill]:
    wanted = [
        (receipt.payer.unit_id, receipt.incoming.bill_id)
        for receipt in receipts
        if receipt.payer and receipt.incoming.bill_id
    ]
    return await allocation_store.lock_named(tx, wanted)


async def _record(
    tx: AsyncConnection, batch: DebitBatch, summary: DebitResultSummary, caller: Caller
) -> None:
    step = trail.Step(
        shard_key=batch_ref(batch.id).key,
        paper="debit_batch",
        paper_id=batch.id,
        step="results_reported",
        signs=False,
        detail=asdict(replace(summary, rejected=summary.rejected[:TRAIL_ITEMS_MAX]))
        | {"rejected_count": len(summary.rejected)},
    )
    await trail.record(tx, step, caller)
