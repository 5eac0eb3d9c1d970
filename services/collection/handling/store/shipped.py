"""Shipped data of handling: the cut-off day of each region's summaries."""

from __future__ import annotations

from functools import cache

from services.collection.common.store import shipped as common_shipped_store
from services.collection.handling.domain.cut_off import CutOffRule


@cache
def cut_off_rules() -> tuple[CutOffRule, ...]:
    """Return the cut-off rules by region: the last day of the following month for regular summaries."""
    return tuple(
        CutOffRule(**rule) for rule in common_shipped_store.read("summary_calendar.json")["rules"]
    )
