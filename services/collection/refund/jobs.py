"""Learn from the ledger which refunds are settled, and have it withdraw others."""

from __future__ import annotations

from functools import partial
from typing import Final

from services.collection.refund.clients import RefundOrders
from services.collection.refund.domain import Payout
from services.collection.refund.flows import payout as payout_flow
from services.collection.refund.flows import withdrawal as withdrawal_flow
from services.collection.refund.store import refund as refund_store
from shared.db import Database
from shared.ids import Ref
from shared.process.log import logger
from shared.roles import Caller, Role

SERVICE: Final = Caller(subject="collection_service", role=Role.COLLECTION_SERVICE)


class RefundJob:
    """Marks refunds as paid or withdrawn, as the ledger says. A repeat changes nothing."""

    def __init__(self, db: Database, orders: RefundOrders) -> None:
        self._db = db
        self._orders = orders
        self._seq: int | None = None

    async def step(self) -> int:
        """Mark what was settled since the last step, and ask for withdrawals; return how many.

        Raises:
            PeerError, httpx.TransportError: the ledger could not answer; nothing is lost.
        """
        if self._seq is None:
            self._seq = await self._db.run(refund_store.last_seq)
        settled = await self._orders.settled_after(self._seq)
        for ref, payout in settled:
            await self._mark(ref, payout)
            self._seq = payout.seq
        return len(settled) + await self._withdraw()

    async def _withdraw(self) -> int:
        waiting = await self._db.run(withdrawal_flow.waiting)
        for ref, order in ((one.ref, one.order) for one in waiting):
            withdrawn = await self._orders.withdraw(order)
            await self._db.run(
                partial(withdrawal_flow.finish, ref=ref, caller=SERVICE, withdrawn=withdrawn)
            )
        return len(waiting)

    async def _mark(self, ref: Ref, payout: Payout) -> None:
        marked = await self._db.run(lambda tx: payout_flow.pay(tx, ref, payout, SERVICE))
        if not marked:
            logger().info("settled refund was not waiting", settlement=payout.settlement)
