"""Settle due days that were provisional, once the workdays of their year are known."""

from __future__ import annotations

from functools import partial
from typing import Final

from services.collection.billing.flows import due_day as due_day_flow
from services.collection.billing.flows.due_day import KnownDueDay
from services.collection.billing.store.due_day import ProvisionalBill
from shared.db import Database
from shared.process.log import logger
from shared.roles import Caller, Role

CHUNK: Final = 200
SERVICE: Final = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)


async def settle_due_days(db: Database) -> int:
    """Settle the due days that are known by now, each bill in a transaction of its unit; how many.

    One that fails is tried again next time and holds up no other.
    """
    async with db.transaction() as tx:
        known_days = await due_day_flow.known_days(tx)
    return sum([await _settle_period(db, known) for known in known_days])


async def _settle_period(db: Database, known: KnownDueDay) -> int:
    """Settle the bills of a period in chunks, each after the last bill of the one before."""
    settled = 0
    after: ProvisionalBill | None = None
    while True:
        async with db.transaction() as tx:
            bills = await due_day_flow.bills(tx, known, after, CHUNK)
        if not bills:
            return settled
        for bill in bills:
            settled += await _settle(db, bill, known)
        after = bills[-1]


async def _settle(db: Database, bill: ProvisionalBill, known: KnownDueDay) -> bool:
    """Settle a bill's due day; tell whether it could be settled."""
    work = partial(due_day_flow.settle, bill=bill, known=known.day, caller=SERVICE)
    try:
        await db.run(work)
    except Exception as error:
        logger().error("due day not settled, will retry", bill=str(bill.id), exc_info=error)
        return False
    return True
