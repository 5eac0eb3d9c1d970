"""Settle due days that were provisional, once the workdays of their year are known."""

from __future__ import annotations

from functools import partial
from typing import Final

from services.collection.billing.flows import due_day as due_day_flow
from shared.db import Database
from shared.process.log import logger
from shared.roles import Caller, Role

CHUNK: Final = 200
SERVICE: Final = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)


async def settle_due_days(db: Database) -> int:
    """Settle some due days, each in a transaction of its unit; how many were settled.

    One that fails is tried again next time and holds up no other.
    """
    async with db.transaction() as tx:
        waiting = await due_day_flow.to_settle(tx, CHUNK)
    settled = 0
    for bill, due_on in waiting:
        work = partial(due_day_flow.settle, bill=bill, due_on=due_on, caller=SERVICE)
        try:
            await db.run(work)
        except Exception as error:
            logger().error("due day not settled, will retry", bill=str(bill.id), exc_info=error)
        else:
            settled += 1
    return settled
