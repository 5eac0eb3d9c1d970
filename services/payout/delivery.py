"""Delivery of the outbox to the ledger."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from services.payout.payments.clients import LedgerClient
from shared.outbox import Deliver, Message


def delivery_to(ledger: LedgerClient) -> Deliver:
    """Build the function that the relay calls with each batch of messages."""

    async def deliver(messages: Sequence[Message]) -> Sequence[str | None]:
        return await ledger.deliver([orjson.loads(message.payload) for message in messages])

    return deliver
