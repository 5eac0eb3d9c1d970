"""A tax bureau's push: what it collected for us, line by line, taken once for ever.

One request is one transaction over as many units as it has lines: a bulk job, a few statements
whatever its size. A push that does not tie, or has a malformed line, leaves nothing behind; a line
that says something else under a known serial is rejected by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import (
    Channel,
    IncomingPayment,
    Rejection,
    check_tax_push,
    drop_repeats,
    new_receipt,
)
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.common.domain.errors import DayInFuture
from services.collection.receipts.flows import booking as booking_flow
from shared import trail
from shared.clock import today
from shared.ids import key_of
from shared.roles import Caller

TRAIL_ITEMS_MAX: Final = 1000
"""Rejected items that one step of the trail lists; it always counts them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPush:
    """A push as it came, with its sender's control totals in lines and fen."""

    push_no: str
    collected_on: date
    count: int
    total_fen: int
    arrivals: Sequence[IncomingPayment]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPushSummary:
    """What became of the lines; every line is in exactly one of matched … rejected."""

    received: int
    matched: int
    suspended: int
    replayed: int
    allocated_fen: int
    suspended_fen: int
    rejected: list[Rejection]


def push_key(source: str, push_no: str) -> int:
    """Shard key of a push: its trail and its stored answer lie there."""
    return key_of("tax_push", f"{source}:{push_no}")


async def take_push(
    tx: AsyncConnection, push: TaxPush, *, region: str, caller: Caller
) -> TaxPushSummary:
    """Take a push.

    Raises:
        ControlTotalsDiffer, Faulty, DayInFuture, NoPolicy: nothing is written.
    """
    if push.collected_on > today():
        raise DayInFuture(collected_on=push.collected_on)
    check_tax_push(
        push.arrivals,
        count=push.count,
        total_fen=push.total_fen,
        collected_on=push.collected_on,
    )
    policies = await booking_flow.policies_of(tx, region)
    policies.account(Channel.TAX, push.collected_on)
    arrivals, repeats, rejected = drop_repeats(push.arrivals)
    payers = await receipt_store.payers(tx, [arrival.credit_code for arrival in arrivals])
    receipts = [
        new_receipt(
            arrival,
            source=caller.subject,
            channel=Channel.TAX,
            paper=push.push_no,
            payer=payers.get(arrival.credit_code),
            book_date=push.collected_on,
        )
        for arrival in arrivals
    ]
    taken = await booking_flow.take_in(tx, receipts)
    wanted = [
        (receipt.payer.unit_id, receipt.payer.credit_code, receipt.arrival.period)
        for receipt in taken.new
        if receipt.payer
    ]
    bills = await allocation_store.lock_bills(tx, wanted) if wanted else []
    bookings = await booking_flow.book(tx, policies, taken.new, bills)
    suspended = sum(one.suspended_fen > 0 for one in bookings)
    pushed = TaxPushSummary(
        received=len(push.arrivals),
        matched=len(bookings) - suspended,
        suspended=suspended,
        replayed=taken.replayed + repeats,
        allocated_fen=sum(one.allocated_fen for one in bookings),
        suspended_fen=sum(one.suspended_fen for one in bookings),
        rejected=rejected + taken.rejected,
    )
    await _record(tx, push, pushed, caller)
    return pushed


async def _record(
    tx: AsyncConnection, push: TaxPush, pushed: TaxPushSummary, caller: Caller
) -> None:
    detail = asdict(pushed) | {
        "push_no": push.push_no,
        "rejected_count": len(pushed.rejected),
        "rejected": [asdict(one) for one in pushed.rejected[:TRAIL_ITEMS_MAX]],
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
