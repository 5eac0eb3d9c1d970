"""The feeds of events of collection and payout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from wuxian_client.call import Call, operation


@dataclass(frozen=True, slots=True)
class Event:
    """An event; its thing is read by `data["id"]`."""

    seq: int
    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Events:
    """Events after a number; hand `after_seq` back to go on."""

    items: list[Event]
    after_seq: int
    has_more: bool


_QUERY = ("after_seq", "limit", "wait")
_LIST = {
    "collection": operation("collection", "list_events", "GET", "/v1/events", *_QUERY),
    "payout": operation("payout", "list_events", "GET", "/v1/events", *_QUERY),
}


def read(
    service: Literal["collection", "payout"],
    after_seq: int = 0,
    *,
    limit: int = 100,
    wait: int = 0,
) -> Call[Events]:
    """Read events after a number; with nothing new, wait up to `wait` seconds."""
    query = {"after_seq": after_seq, "limit": limit, "wait": wait}
    return Call(_LIST[service], Events, query=query)
