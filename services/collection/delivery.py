"""Delivery of vouchers to the ledger, in batches, each voucher with its own outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from shared.outbox import Message
from shared.web.client import Peer, PeerError

BATCH_PATH = "/v1/voucher-batches"
_SET_ASIDE = frozenset({400, 409, 413, 422})
"""Statuses of problems that a repeat cannot solve."""


class LedgerBusy(Exception):
    """The ledger could not settle a voucher now; the batch is sent again."""


class Ledger:
    """The ledger as the outbox delivers to it. Repeats are safe: every voucher has an event id."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def deliver(self, messages: Sequence[Message]) -> list[str | None]:
        """Post vouchers; return None for each that the ledger has, or why it never will.

        Raises:
            PeerError, httpx.TransportError, LedgerBusy: the outcome is unknown; send again.
        """
        try:
            answer = await self._post(messages)
        except PeerError as error:
            if error.status not in _SET_ASIDE:
                raise
            if len(messages) == 1:
                return [f"{error.code}: {error.detail}"[:500]]
            # One unreadable voucher must not block the others.
            middle = len(messages) // 2
            return [
                *await self.deliver(messages[:middle]),
                *await self.deliver(messages[middle:]),
            ]
        return [_verdict(result) for result in answer["results"]]

    async def _post(self, messages: Sequence[Message]) -> dict[str, Any]:
        vouchers = [orjson.loads(message.payload) for message in messages]
        answer: dict[str, Any] = await self._peer.post(BATCH_PATH, {"vouchers": vouchers})
        return answer


def _verdict(result: dict[str, Any]) -> str | None:
    if result["outcome"] != "refused":
        return None
    problem = result.get("problem") or {}
    if problem.get("status") not in _SET_ASIDE:
        raise LedgerBusy(str(problem.get("code")))
    return f"{problem.get('code')}: {problem.get('detail')}"[:500]
