"""Delivery of vouchers to the ledger: batches, each voucher with its own outcome.

A voucher that the ledger cannot read never blocks the others: a batch that it will not take, or that
it answers with something else than JSON, is halved until the voucher is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import orjson

from shared.outbox import Verdict
from shared.web.client import Peer, PeerError

BATCH_PATH: Final = "/v1/voucher-batches"
SET_ASIDE: Final = frozenset({400, 409, 413, 422})
"""Statuses of problems that a repeat cannot solve."""
UNREADABLE: Final = "MESSAGE_UNREADABLE: 报文无法读取 (the message cannot be read)"
ANSWER_UNREADABLE: Final = "ANSWER_UNREADABLE: 账务答复不是 JSON (the ledger's answer is not JSON)"


class LedgerBusy(Exception):
    """The ledger could not settle a voucher now; the batch is sent again."""


async def post_vouchers(peer: Peer, vouchers: Sequence[dict[str, Any]]) -> list[Verdict]:
    """Post vouchers and return a verdict for each; the answer to a repeat is the first one's.

    Raises:
        PeerError, httpx.TransportError, LedgerBusy: the outcome is unknown; send again.
    """
    if not vouchers:
        return []
    try:
        answer = await peer.post(BATCH_PATH, {"vouchers": list(vouchers)})
        results = answer["results"]
    except PeerError as error:
        if error.status not in SET_ASIDE:
            raise
        return await _halves(peer, vouchers, f"{error.code}: {error.detail}"[:500])
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return await _halves(peer, vouchers, ANSWER_UNREADABLE)
    return [verdict_of(voucher, result) for voucher, result in zip(vouchers, results, strict=True)]


async def _halves(peer: Peer, vouchers: Sequence[dict[str, Any]], reason: str) -> list[Verdict]:
    if len(vouchers) == 1:
        return [reason]
    middle = len(vouchers) // 2
    return [
        *await post_vouchers(peer, vouchers[:middle]),
        *await post_vouchers(peer, vouchers[middle:]),
    ]


def verdict_of(voucher: dict[str, Any], result: dict[str, Any]) -> Verdict:
    """Read what became of a voucher.

    Raises:
        LedgerBusy: it was refused for now only.
    """
    if result["outcome"] != "refused":
        booked_on = result.get("book_date")
        if booked_on is None or booked_on == voucher.get("book_date"):
            return None
        return date.fromisoformat(booked_on)
    problem = result.get("problem") or {}
    if problem.get("status", 409) not in SET_ASIDE:
        raise LedgerBusy(str(problem.get("code")))
    return f"{problem.get('code', 'REFUSED')}: {problem.get('detail', '')}"[:500]


def read_payload(payload: bytes) -> dict[str, Any] | None:
    """Read a message; None when it is no JSON object."""
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) else None
