"""The work that is open: everything that waits for a person before the month may be closed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from typing import Any, Final

from services.demo.collecting import Month, Play

_READER = "supervisor"
_LISTS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "debits without a result": ("collection", "/v1/debit-lines", {"status": "waiting"}),
    "debits of unknown state": ("collection", "/v1/debit-lines", {"status": "unknown"}),
    "receipts in suspense": ("collection", "/v1/receipts", {"status": "suspended"}),
    "tax money on hold": ("collection", "/v1/tax-holds", {}),
    "refunds without their ticket": ("collection", "/v1/tax-refunds", {"status": "ticket_unknown"}),
    "refunds of too much": ("collection", "/v1/tax-refunds", {"status": "refund_exceeds"}),
    "tax items": ("collection", "/v1/tax-items", {"status": "open"}),
    "tax items to approve": ("collection", "/v1/tax-items", {"status": "proposed"}),
    "moves to approve": ("collection", "/v1/receipt-moves", {"status": "filed"}),
    "returns to approve": ("collection", "/v1/receipt-returns", {"status": "filed"}),
    "reconciliation items": ("collection", "/v1/reconciliation-items", {"unfinished": True}),
    "failed payments": ("payout", "/v1/failed-payments", {}),
}
"""Open things → the list that has them."""


async def open_items(play: Play, month: Month) -> dict[str, int]:
    """Count what is open, list by list; differences by their kind."""
    found: Counter[str] = Counter()
    for name, items in zip(_LISTS, await asyncio.gather(*_read(play, month)), strict=True):
        for item in items:
            found[f"{name}: {item['kind']}" if "reconciliation" in name else name] += 1
    return dict(found)


def _read(play: Play, month: Month) -> Iterator[Awaitable[list[dict[str, Any]]]]:
    for service, path, query in _LISTS.values():
        days = {"from": month.day(1), "to": month.day(31)} if path == "/v1/debit-lines" else {}
        yield play.office.pages(_READER, service, path, **query, **days)
