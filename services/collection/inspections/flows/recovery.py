"""Let payout take orders to recover wrong benefits, and record what it reports."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.inspections.domain.recovery import (
    InspectionRecovery,
    InspectionRecoveryUnknown,
    RecoveryReport,
)
from services.collection.inspections.store import recovery as inspection_recovery_store
from shared.ids import Ref


async def waiting(
    tx: AsyncConnection, after: tuple[int, UUID, int] | None, limit: int
) -> Sequence[InspectionRecovery]:
    """Read orders that payout has not taken, after a key."""
    return await inspection_recovery_store.waiting(tx, after, limit)


async def report(
    tx: AsyncConnection, case: Ref, told: RecoveryReport
) -> Sequence[InspectionRecovery]:
    """Record what payout reports of an order; a repeat, or an older report, changes nothing.

    Raises:
        InspectionRecoveryUnknown: the case has no such order.
    """
    await inspection_recovery_store.report(tx, case, told)
    orders = await inspection_recovery_store.of_case(tx, case)
    if not any(one.number == told.number for one in orders):
        raise InspectionRecoveryUnknown
    return orders
