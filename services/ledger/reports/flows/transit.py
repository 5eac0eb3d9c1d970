"""Money in transit at a cut-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.ledger.reports.domain import transit as transit_rules
from services.ledger.reports.domain.transit import InTransit
from services.ledger.reports.flows.cube import CubeCache


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitReport:
    """Money in transit at a cut-off, and fund → fen left at the latest month end."""

    cut_off: date
    items: Sequence[InTransit]
    month_end: date
    left_fen: Mapping[str, int]


async def in_transit(cubes: CubeCache, cut_off: date) -> TransitReport:
    """Read what is in transit at a cut-off."""
    cube = await cubes.cube()
    month_end = transit_rules.last_month_end(cut_off)
    return TransitReport(
        cut_off=cut_off,
        items=transit_rules.in_transit(cube, cut_off),
        month_end=month_end,
        left_fen=transit_rules.left_at_month_end(cube, month_end),
    )
