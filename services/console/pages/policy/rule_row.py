"""A dated row of rules, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.console.widgets import text
from services.console.widgets.cell import Column, Kind
from shared.money import format_yuan

FROM_TO: Final = (
    Column("in_force_from", ("自", "From"), Kind.DAY),
    Column("in_force_to", ("至", "To"), Kind.DAY),
)
_HIDDEN: Final = frozenset({"id", "recorded_at", "recorded_by"})


def in_words(row: Mapping[str, Any] | None) -> str:
    """Return a row of rules as text; money in yuan."""
    if row is None:
        return text.NOTHING
    parts = []
    for name, value in row.items():
        if value is None or name in _HIDDEN:
            continue
        shown = format_yuan(int(value)) if name.endswith("_fen") else value
        parts.append(f"{name.removesuffix('_fen')} {shown}")
    return "; ".join(parts)
