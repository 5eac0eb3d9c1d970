"""Due days of bills: by the workdays that are known, and settled once they are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.store import due as due_store
from services.collection.billing.store import due_day as due_day_store
from services.collection.billing.store.due_day import ProvisionalBill
from services.collection.common.domain.calendar import (
    SEARCH_DAYS,
    DueDay,
    due_day,
    nominal_due_day,
    settled_due_day,
)
from services.collection.common.store import calendar as calendar_store
from services.collection.policy import flows as policy_flow
from services.collection.register.store import unit as unit_store
from shared import trail
from shared.clock import today
from shared.period import Period
from shared.roles import Caller

CAUSE: Final = "workdays"
PAPER: Final = "bill"


async def due_of(tx: AsyncConnection, policy_id: UUID, period: Period) -> DueDay:
    """Compute the due day of a period's bills by a policy."""
    policy = await policy_flow.by_id(tx, policy_id)
    first = nominal_due_day(period, policy.due_day)
    days = await calendar_store.workdays(tx, first, first + timedelta(SEARCH_DAYS))
    return due_day(period, policy.due_day, days)


@dataclass(frozen=True, slots=True)
class KnownDueDay:
    """The due day of a policy and period that has bills with a provisional one."""

    policy_id: UUID
    period: str
    day: date


async def known_days(tx: AsyncConnection) -> list[KnownDueDay]:
    """List the due days that are known by now and were provisional when bills were issued."""
    found = []
    for policy_id, period in await due_day_store.periods(tx):
        due = await due_of(tx, policy_id, Period.parse(period))
        if not due.estimated:
            found.append(KnownDueDay(policy_id, period, due.day))
    return found


async def bills(
    tx: AsyncConnection, known: KnownDueDay, after: ProvisionalBill | None, limit: int
) -> Sequence[ProvisionalBill]:
    """List the next bills of a period with a provisional due day, after a bill."""
    return await due_day_store.bills(tx, known.policy_id, known.period, after, limit)


async def settle(tx: AsyncConnection, bill: ProvisionalBill, known: date, caller: Caller) -> None:
    """Settle a bill's due day, now that it is known; it is never earlier than the day on the bill.

    Where it is another day and something is paid, the account is looked at again.
    """
    due_on = settled_due_day(known, bill.due_on)
    await unit_store.lock(tx, bill.unit_id)
    is_paid = await due_day_store.settle(tx, bill, due_on)
    if is_paid is None or due_on == bill.due_on:
        return
    if is_paid:
        await due_store.mark_due(tx, [bill.unit_id], cause=CAUSE, on=today())
    step = trail.Step(
        shard_key=bill.unit_id,
        paper=PAPER,
        paper_id=bill.id,
        step="settle_due_day",
        signs=False,
        detail={"was": bill.due_on.isoformat(), "due_on": due_on.isoformat()},
    )
    await trail.record(tx, step, caller)
