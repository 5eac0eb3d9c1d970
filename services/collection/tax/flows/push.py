"""Tax pushes: lines of money that the tax bureau collected, each taken once.

One request is one transaction over as many units as it has lines: a bulk job of a few statements. A
push with wrong totals or a malformed line leaves nothing behind. A line that differs from what is
known under its serial is rejected by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill
from services.collection.allocation.domain.receipt import (
    Channel,
    IncomingPayment,
    Receipt,
    Rejection,
    check_tax_push,
    drop_repeats,
    new_receipt,
    tax_source,
)
from services.collection.allocation.flows import policies_of
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.common.domain.errors import DayInFuture
from services.collection.receipts.flows import booking as booking_flow
from shared import book_days, trail
from shared.book_days.open_day import DayBeforeChart
from shared.clock import today
from shared.errors import Fault, Faulty
from shared.ids import key_of
from shared.roles import Caller

TRAIL_ITEMS_MAX: Final = 1000
"""Number of rejected items that a step of the trail lists; it always counts all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPush:
    """A push with its sender's control totals."""

    push_no: str
    collected_on: date
    count: int
    total_fen: int
    payments: Sequence[IncomingPayment]
    authority: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPushSummary:
    """Counts and sums of a push; every line is matched, suspended, replayed or rejected."""

    received: int
    matched: int
    suspended: int
    replayed: int
    allocated_fen: int
    suspended_fen: int
    rejected: list[Rejection]


def push_key(source: str, push_no: str) -> int:
    """Compute the shard key of a push, where its trail and its stored answer lie."""
    return key_of("tax_push", f"{source}:{push_no}")


async def take_push(
    tx: AsyncConnection, push: TaxPush, *, region: str, caller: Caller
) -> TaxPushSummary:
    """Take in a push and book it.

    Raises:
        ControlTotalsDiffer, Faulty, DayInFuture, DayBeforeChart, NoPolicy: nothing is written.
    """
    if push.collected_on > today():
        raise DayInFuture(collected_on=push.collected_on)
    check_tax_push(
        push.payments,
        count=push.count,
        total_fen=push.total_fen,
        collected_on=push.collected_on,
    )
    booked_on = await _booked_on(tx, push)
    policies = await policies_of(tx, region)
    policies.account(Channel.TAX, push.collected_on)
    payments, repeats, rejected = drop_repeats(push.payments)
    payers = await receipt_store.payers(tx, [incoming.credit_code for incoming in payments])
    receipts = [
        new_receipt(
            incoming,
            source=tax_source(push.authority),
            channel=Channel.TAX,
            paper=push.push_no,
            payer=payers.get(incoming.credit_code),
            book_date=booked_on,
        )
        for incoming in payments
    ]
    intake = await booking_flow.take_in(tx, receipts)
    allocations = await booking_flow.book(tx, policies, intake.new, partial(_lock, tx), caller)
    suspended = sum(one.suspended_fen > 0 for one in allocations)
    summary = TaxPushSummary(
        received=len(push.payments),
        matched=len(allocations) - suspended,
        suspended=suspended,
        replayed=intake.replayed + repeats,
        allocated_fen=sum(one.allocated_fen for one in allocations),
        suspended_fen=sum(one.suspended_fen for one in allocations),
        rejected=rejected + intake.rejected,
    )
    await _record(tx, push, summary, caller)
    return summary


async def _booked_on(tx: AsyncConnection, push: TaxPush) -> date:
    """Return the day that a push is booked on: its own, or the first open one."""
    days = await book_days.read(tx)
    faults = [
        Fault(f"/lines/{index}/paid_on", DayBeforeChart.code, DayBeforeChart().message)
        for index, payment in enumerate(push.payments)
        if days.is_before_chart(payment.paid_on)
    ]
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))
    return days.fact_day(push.collected_on, "/collected_on").book_date


async def _lock(tx: AsyncConnection, receipts: Sequence[Receipt]) -> list[Bill]:
    wanted = [
        (receipt.payer.unit_id, receipt.payer.credit_code, receipt.incoming.period)
        for receipt in receipts
        if receipt.payer
    ]
    return await allocation_store.lock_bills(tx, wanted) if wanted else []


async def _record(
    tx: AsyncConnection, push: TaxPush, summary: TaxPushSummary, caller: Caller
) -> None:
    detail = asdict(summary) | {
        "push_no": push.push_no,
        "rejected_count": len(summary.rejected),
        "rejected": [asdict(one) for one in summary.rejected[:TRAIL_ITEMS_MAX]],
    }
    step = trail.Step(
        shard_key=push_key(caller.subject, push.push_no),
        paper="tax_push",
        paper_id=uuid5(NAMESPACE_OID, f"{caller.subject}:{push.push_no}"),
        step="taken",
        signs=False,
        detail=detail,
    )
    await trail.record(tx, step, caller)
