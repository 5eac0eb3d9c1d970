"""Evidence of payout: its append-only tables, whose rows are bound in a chain of blocks."""

from __future__ import annotations

from typing import Final

from shared.evidence.streams import COMMON, Stream

STREAMS: Final[tuple[Stream, ...]] = COMMON
