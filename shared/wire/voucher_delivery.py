"""Delivery of vouchers to the ledger: batches, each voucher with its own outcome.

A voucher that the ledger cannot read never blocks the others: a batch that it will not take, or that
it answers with something else than JSON, is halved until the voucher is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from shared.web.client import Peer, PeerError

BATCH_PATH: Final = "/v1/voucher-batches"
SET_ASIDE: Final = frozenset({400, 409, 413, 422})
"""Statuses of problems that a repeat cannot solve."""
UNREADABLE: Final = "MESSAGE_UNREADABLE: 报文无法读取 (the message cannot be read)"
ANSWER_UNREADABLE: Final = "ANSWER_UNREADABLE: 账务答复不是 JSON (the ledger's answer is not JSON)"


class LedgerBusy(Exception):
    """The ledger could not settle a voucher now; the batch is sent again."""


async def post_vouchers(peer: Peer, vouchers: Sequence[dict[str, Any]]) -> list[str | None]:
    """Post vouchers; return None for each that the ledger has, or why it never will.

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
    return [refusal_of(result) for result in results]


async def _halves(peer: Peer, vouchers: Sequence[dict[str, Any]], reason: str) -> list[str | None]:
    if len(vouchers) == 1:
        return [reason]
    middle = len(vouchers) // 2
    return [
        *await post_vouchers(peer, vouchers[:middle]),
        *await post_vouchers(peer, vouchers[middle:]),
    ]


def refusal_of(result: dict[str, Any]) -> str | None:
    """Read why a voucher was refused for good; None when it is in the books.

    Raises:
        LedgerBusy: it was refused for now only.
    """
    if result["outcome"] != "refused":
        return None
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
