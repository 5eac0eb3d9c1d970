"""Shapes of anchors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import Field

from services.ledger.chain.store.anchor import Anchor
from shared.schema import Out


class AnchorOut(Out):
    """Head of a slot's chain at the end of a day."""

    slot: int
    seq: int
    hash: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    recorded_at: datetime


class AnchorsOut(Out):
    """Every slot's anchor of a day; `wuxian ledger verify --anchors` reads this answer from a file."""

    day: date
    items: list[AnchorOut]

    @classmethod
    def of(cls, day: date, found: Sequence[Anchor]) -> AnchorsOut:
        """Build it from the anchors of a day."""
        return cls(
            day=day,
            items=[
                AnchorOut(
                    slot=one.slot, seq=one.seq, hash=one.hash.hex(), recorded_at=one.recorded_at
                )
                for one in found
            ],
        )
