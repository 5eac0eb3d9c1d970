"""Background work: take orders of inspections from collection, and report their cases.

Collection is asked and told outside transactions, and an order is taken inside one, once. So the
process may be killed anywhere: the next one asks for the same orders, and tells the same, again.
"""

from __future__ import annotations

import asyncio
from typing import Final

from services.payout.common.flows import PersonKeys
from services.payout.recoveries.clients import InspectionOrders
from services.payout.recoveries.flows import inspection as inspection_order_flow
from shared.clock import today
from shared.db import Database
from shared.outbox import BACKOFF_MAX_SECONDS
from shared.process.log import logger
from shared.web.client import PeerError

IDLE_SECONDS: Final = 5.0


class InspectionOrderWorker:
    """Takes orders one after another, and reports what became of them."""

    def __init__(self, db: Database, orders: InspectionOrders, keys: PersonKeys) -> None:
        self.db = db
        self.orders = orders
        self.keys = keys

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        pause = IDLE_SECONDS
        while True:
            try:
                await self.step()
                pause = IDLE_SECONDS
            except asyncio.CancelledError:
                raise
            except Exception as error:
                if pause == IDLE_SECONDS:
                    logger().warning(
                        "orders of inspections not taken, will retry", error=str(error)[:300]
                    )
                pause = min(pause * 2, BACKOFF_MAX_SECONDS)
            await asyncio.sleep(pause)

    async def step(self) -> int:
        """Take what waits, and report what has changed; return how many reports were made.

        A report that collection refuses holds up no other; it is told again.
        """
        for order in await self.orders.waiting():
            await self.db.run(
                lambda tx, one=order: inspection_order_flow.take(  # type: ignore[misc]
                    tx, one, keys=self.keys, today=today()
                )
            )
        async with self.db.transaction() as tx:
            states = await inspection_order_flow.to_report(tx)
        made = 0
        for state in states:
            try:
                await self.orders.report(state)
            except PeerError as error:
                logger().error("a report is refused", inspection=state.inspection, code=error.code)
                continue
            await self.db.run(
                lambda tx, one=state: inspection_order_flow.reported(tx, one)  # type: ignore[misc]
            )
            made += 1
        return made
