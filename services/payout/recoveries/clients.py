"""Client of collection's orders to recover benefits that inspections found wrong."""

from __future__ import annotations

from typing import Any, Final

from services.payout.recoveries.domain.inspection import InspectionOrder, OrderState
from shared.money import parse_yuan
from shared.web.client import Peer

PATH: Final = "/v1/inspection-recoveries"
PAGE: Final = 100


class InspectionOrders:
    """The orders that wait in collection, and the reports about them."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def waiting(self, cursor: str | None) -> tuple[list[InspectionOrder], str | None]:
        """Read a page of the orders that collection has no report of, and the next cursor.

        Raises:
            PeerError, httpx.HTTPError: no answer now; ask again.
        """
        following = {} if cursor is None else {"cursor": cursor}
        answer = await self._peer.get(PATH, limit=PAGE, **following)
        return [_order(item) for item in answer["items"]], answer["next_cursor"]

    async def report(self, state: OrderState) -> None:
        """Tell collection the state of an order. A repeat changes nothing there.

        Raises:
            PeerError, httpx.HTTPError: no answer now; tell it again.
        """
        await self._peer.post(f"/v1/inspections/{state.inspection}/recoveries", state.report)


def _order(item: dict[str, Any]) -> InspectionOrder:
    return InspectionOrder(
        inspection=item["inspection"],
        finding=item["finding"],
        claim=item["claim"],
        claim_line=item["claim_line"],
        amount_fen=parse_yuan(item["amount"]),
        reason=item["note"],
        document=item["document"],
    )
