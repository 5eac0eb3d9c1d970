"""Evidence of identity: its append-only tables, whose rows are bound in a chain of blocks."""

from __future__ import annotations

from typing import Final

from shared.evidence.streams import CATALOGUE, ROW_CHANGE, Stream

STREAMS: Final[tuple[Stream, ...]] = (
    Stream(
        "event",
        "event",
        {
            "seq": "plain",
            "id": "plain",
            "at": "instant",
            "kind": "text",
            "principal": "text",
            "by": "text",
            "detail": "plain",
        },
    ),
    ROW_CHANGE,
    CATALOGUE,
)
