"""Client of the ledger's refund orders: which are settled, and withdrawals."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.collection.refund.domain import Payout
from shared.ids import Ref
from shared.references import Reference
from shared.web.client import Peer, PeerError
from shared.wire.ledger import WITHDRAWN_ORDERS_PATH

PATH = "/v1/settled-refund-orders"
LIMIT = 200
SETTLED = "REFUND_SETTLED"


class RefundOrders:
    """The refund orders that the ledger has settled."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def settled_after(self, seq: int) -> list[tuple[Ref, Payout]]:
        """Read the refunds settled after a number of the ledger's, in the order of their settlement.

        Raises:
            PeerError, httpx.TransportError: ask again.
        """
        answer = await self._peer.get(PATH, after_seq=seq, limit=LIMIT)
        return [
            (
                Ref.parse(Reference.REFUND, row["refund"]),
                Payout(
                    settlement=row["settlement"],
                    settled_on=date.fromisoformat(row["settled_on"]),
                    paid_from=row["paid_from"],
                    seq=row["seq"],
                    reversed_on=_day(row["reversed_on"]),
                ),
            )
            for row in answer["items"]
        ]

    async def withdraw(self, order: dict[str, Any]) -> bool:
        """Withdraw an order; return False when it was settled first. A repeat gets the same answer.

        Raises:
            PeerError, httpx.TransportError: ask again.
        """
        try:
            await self._peer.post(WITHDRAWN_ORDERS_PATH, order)
        except PeerError as error:
            if error.code == SETTLED:
                return False
            raise
        return True


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
