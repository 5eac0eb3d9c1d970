"""Delivery of the outbox to the ledger: vouchers in batches, each other message by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson

from services.collection.register.flows.person_correction import PERSONAL_MERGER
from shared.outbox import Message, Verdict
from shared.web.client import Peer, PeerError
from shared.wire.ledger import REFUND_ORDER, REFUND_ORDERS_PATH
from shared.wire.voucher_delivery import (
    ANSWER_UNREADABLE,
    SET_ASIDE,
    UNREADABLE,
    post_vouchers,
    read_payload,
)

MERGERS_PATH: Final = "/v1/personal-mergers"
BILL: Final = "bill"
"""Kind of the vouchers of new bills: memo entries that no other voucher waits for."""
_KIND_OF_BILL: Final = b'"kind":"bill"'
PARTS: Final = 4
"""Parts in which a batch of such vouchers is posted."""
PARTS_OF: Final = 400
"""Vouchers that are posted in parts; fewer are posted as one."""


def stands_alone(message: Message) -> bool:
    """Tell whether a message is the voucher of a new bill, without reading it: inside a text its
    quotes would have marks before them, and no other part of a voucher has a kind."""
    return _KIND_OF_BILL in message.payload


class Ledger:
    """The ledger as the outbox delivers to it. Repeats are safe: every message has its own name."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def deliver(self, messages: Sequence[Message]) -> list[Verdict]:
        """Deliver messages and return a verdict for each.

        Orders follow the vouchers of their batch: they hold what those put into suspense. Mergers
        of personal accounts stand by themselves. Vouchers are posted in their order, because one
        may take what an earlier one brought; those of new bills stand by themselves.

        Raises:
            PeerError, httpx.TransportError, LedgerBusy: the outcome is unknown; send again.
        """
        verdicts: dict[int, Verdict] = {}
        vouchers: dict[int, dict[str, Any]] = {}
        others: dict[int, tuple[str, dict[str, Any]]] = {}
        for index, message in enumerate(messages):
            payload = read_payload(message.payload)
            if payload is None:
                verdicts[index] = UNREADABLE
            elif REFUND_ORDER in payload:
                others[index] = (REFUND_ORDERS_PATH, payload[REFUND_ORDER])
            elif payload.get("kind") == PERSONAL_MERGER:
                others[index] = (MERGERS_PATH, _merger(payload))
            else:
                vouchers[index] = payload
        posted = await self._post(list(vouchers.values()))
        verdicts |= dict(zip(vouchers, posted, strict=True))
        for index, (path, body) in others.items():
            verdicts[index] = await self._send(path, body)
        return [verdicts[index] for index in range(len(messages))]

    async def _post(self, vouchers: Sequence[dict[str, Any]]) -> list[Verdict]:
        """Post vouchers in their order; those of new bills in a few parts at once, so that the ledger
        reads one part while its database writes another."""
        size = len(vouchers)
        if size >= PARTS_OF and all(voucher.get("kind") == BILL for voucher in vouchers):
            size = -(-size // PARTS)
        parts = [vouchers[begin : begin + size] for begin in range(0, len(vouchers), size or 1)]
        answers = await asyncio.gather(
            *[post_vouchers(self._peer, part) for part in parts], return_exceptions=True
        )
        verdicts: list[Verdict] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            verdicts += answer
        return verdicts

    async def _send(self, path: str, body: dict[str, Any]) -> str | None:
        try:
            await self._peer.post(path, body)
        except PeerError as error:
            if error.status not in SET_ASIDE:
                raise
            return f"{error.code}: {error.detail}"[:500]
        except orjson.JSONDecodeError:
            return ANSWER_UNREADABLE
        return None


def _merger(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "paper": message.get("event_id"),
        "person": message.get("person"),
        "survivor": message.get("survivor"),
    }
