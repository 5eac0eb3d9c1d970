"""Tax pushes: lines of money that the tax bureau collected, each taken once.

One request is one transaction over as many units as it has tickets: a bulk job of a few statements. A
push with wrong totals or a malformed line leaves nothing behind. A line that differs from what is
known under its number is rejected by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel, tax_source
from services.collection.allocation.flows import policies_of
from services.collection.common.domain.errors import DayInFuture
from services.collection.tax.domain import push as push_rules
from services.collection.tax.domain.envelope import Envelope
from services.collection.tax.domain.intake import LineResult, Outcome
from services.collection.tax.domain.line import TaxLine
from services.collection.tax.flows import envelope as envelope_flow
from services.collection.tax.flows import intake as intake_flow
from services.collection.tax.flows.intake import PushTerms
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
    lines: Sequence[TaxLine]
    authority: str | None = None
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPushSummary:
    """Counts and sums of a push; every line is matched, suspended, replayed or rejected."""

    received: int
    matched: int
    suspended: int
    replayed: int
    allocated_fen: int
    suspended_fen: int
    rejected: list[LineResult]


def push_key(source: str, push_no: str) -> int:
    """Compute the shard key of a push, where its trail and its stored answer lie."""
    return key_of("tax_push", f"{source}:{push_no}")


async def take_push(
    tx: AsyncConnection, push: TaxPush, *, region: str, caller: Caller
) -> TaxPushSummary:
    """Take in a push and book it.

    Raises:
        ControlTotalsDiffer, Faulty, DayInFuture, DayBeforeChart, NoPolicy, EnvelopeDiffers,
        EnvelopeExceeded: nothing is written.
    """
    if push.collected_on > today():
        raise DayInFuture(collected_on=push.collected_on)
    push_rules.check(
        push.lines, count=push.count, total_fen=push.total_fen, collected_on=push.collected_on
    )
    if push.envelope is not None:
        part = Envelope(push.push_no, push.count, push.total_fen)
        await envelope_flow.put(tx, tax_source(push.authority), push.envelope, part)
    booked_on = await _booked_on(tx, push)
    policies = await policies_of(tx, region)
    policies.account(Channel.TAX, push.collected_on)
    terms = PushTerms(
        push_no=push.push_no,
        authority=tax_source(push.authority),
        book_date=booked_on,
        policies=policies,
    )
    taken = await intake_flow.take(tx, push.lines, terms, caller)
    summary = TaxPushSummary(
        received=len(push.lines),
        matched=taken.count(Outcome.MATCHED),
        suspended=taken.count(Outcome.SUSPENDED),
        replayed=taken.count(Outcome.REPLAYED),
        allocated_fen=taken.allocated_fen,
        suspended_fen=taken.suspended_fen,
        rejected=[one for one in taken.results if one.outcome is Outcome.REJECTED],
    )
    await _record(tx, push, summary, caller)
    return summary


async def _booked_on(tx: AsyncConnection, push: TaxPush) -> date:
    """Return the day that a push is booked on: its own, or the first open one."""
    days = await book_days.read(tx)
    faults = [
        Fault(f"/lines/{index}/paid_on", DayBeforeChart.code, DayBeforeChart().message)
        for index, line in enumerate(push.lines)
        if days.is_before_chart(line.paid_on)
    ]
    if faults:
        raise Faulty(faults=faults[:1000], count=len(faults))
    return days.fact_day(push.collected_on, "/collected_on").book_date


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
