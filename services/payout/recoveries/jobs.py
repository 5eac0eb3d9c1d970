"""Background work: take orders of inspections from collection, and report their cases.

Collection is asked and told outside transactions, and an order is taken inside one, once. So the
process may be killed anywhere: the next one asks for the same orders, and tells the same, again.
"""

from __future__ import annotations

from typing import Final

from services.payout.common.flows import PersonKeys
from services.payout.recoveries.clients import InspectionOrders
from services.payout.recoveries.domain.inspection import OrderKey
from services.payout.recoveries.flows import inspection as inspection_order_flow
from shared.clock import today
from shared.db import Database
from shared.process.background import keep_looking
from shared.process.log import logger
from shared.web.client import PeerError

IDLE_SECONDS: Final = 5.0


class InspectionOrderWorker:
    """Takes orders one after another, and reports what became of them."""

    def __init__(self, db: Database, orders: InspectionOrders, keys: PersonKeys) -> None:
        self.db = db
        self.orders = orders
        self.keys = keys
        self._cursor: str | None = None
        self._reports_after: OrderKey | None = None

    async def run(self) -> None:
        """Work until cancelled. Stopping anywhere loses nothing."""
        failed = "orders of inspections not taken"
        await keep_looking(self.step, self.db.bell, seconds=IDLE_SECONDS, failed=failed)

    async def step(self) -> int:
        """Take a page of what waits, report what has changed; return how many reports were made.

        An order that cannot be taken, and a report that collection refuses, hold up no other: the
        next step continues after them, and begins again when it has come to the end.
        """
        await self._take()
        async with self.db.transaction() as tx:
            states, following = await inspection_order_flow.to_report(tx, self._reports_after)
        self._reports_after = None
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
        self._reports_after = following
        return made

    async def _take(self) -> None:
        # Begins again after any failure, for instance when collection knows the cursor no more.
        cursor, self._cursor = self._cursor, None
        orders, following = await self.orders.waiting(cursor)
        for order in orders:
            try:
                await self.db.run(
                    lambda tx, one=order: inspection_order_flow.take(  # type: ignore[misc]
                        tx, one, keys=self.keys, today=today()
                    )
                )
            except Exception as error:
                logger().error(
                    "an order of an inspection is not taken, will retry",
                    inspection=order.inspection,
                    finding=order.finding,
                    error=str(error)[:300],
                )
        self._cursor = following
