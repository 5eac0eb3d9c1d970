"""Client of the ledger's feed: the books' movements on our accounts."""

from __future__ import annotations

from dataclasses import dataclass

from services.collection.reconciliation.domain.movement import BookMovement, movements_of
from shared.web.client import Peer

PATH = "/v1/events"
LIMIT = 1000


@dataclass(frozen=True, slots=True)
class BookPage:
    """Movements after a place of the feed, the place reached, and whether there are more."""

    movements: list[BookMovement]
    reached: str
    has_more: bool


class Books:
    """The vouchers that the ledger has booked."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def after(self, reached: str) -> BookPage:
        """Read what was booked after a place.

        Raises:
            PeerError, httpx.TransportError: ask again.
        """
        answer = await self._peer.get(PATH, after_seq=reached, limit=LIMIT)
        movements = [one for voucher in answer["items"] for one in movements_of(voucher)]
        return BookPage(movements, answer["after_seq"], answer["has_more"])
