"""Delivery of the outbox to the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from shared.outbox import Message
from shared.voucher_delivery import UNREADABLE, post_vouchers, read_payload
from shared.web.client import Peer


class Ledger:
    """The ledger as the outbox delivers to it. Repeats are safe: every voucher has an event id."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def deliver(self, messages: Sequence[Message]) -> list[str | None]:
        """Post vouchers; return None for each that the ledger has, or why it never will.

        Raises:
            PeerError, httpx.TransportError, LedgerBusy: the outcome is unknown; send again.
        """
        vouchers = [read_payload(message.payload) for message in messages]
        readable = [voucher for voucher in vouchers if voucher is not None]
        verdicts = iter(await post_vouchers(self._peer, readable))
        return [UNREADABLE if voucher is None else next(verdicts) for voucher in vouchers]
