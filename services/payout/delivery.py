"""Delivery of the outbox to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.payout.payments.clients import LedgerClient, is_message
from shared.outbox import Deliver, Message, Verdict
from shared.wire.voucher_delivery import UNREADABLE, read_payload


def delivery_to(ledger: LedgerClient) -> Deliver:
    """Build the function that the relay calls with each batch of messages."""

    async def deliver(messages: Sequence[Message]) -> Sequence[Verdict]:
        payloads = [_read(message) for message in messages]
        readable = [payload for payload in payloads if payload is not None]
        verdicts = iter(await ledger.deliver(readable))
        return [UNREADABLE if payload is None else next(verdicts) for payload in payloads]

    return deliver


def _read(message: Message) -> dict[str, Any] | None:
    payload = read_payload(message.payload)
    return payload if is_message(payload) else None
