"""Steps of declarations on the trail."""

from __future__ import annotations

from typing import Final

from services.collection.filing.domain.records import DeclarationRow
from shared import trail

PAPER: Final = "declaration"
"""The name of declarations on the trail."""


def step_of(
    row: DeclarationRow,
    step: str,
    *,
    signs: bool,
    why: str | None = None,
    detail: dict[str, object] | None = None,
) -> trail.Step:
    """Build a step of a declaration for its trail."""
    return trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=signs,
        round=row.round,
        why=why,
        detail=detail,
    )
