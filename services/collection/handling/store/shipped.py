"""The cut-off day of each region's summaries."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.handling.domain.cut_off import CutOffRule


async def cut_off_rules(tx: AsyncConnection) -> tuple[CutOffRule, ...]:
    """Read the rules by region: the last day of the following month for regular summaries."""
    found = await city_rule_store.content(tx, CityRule.CUT_OFFS)
    return tuple(CutOffRule(**rule) for rule in found["rules"])
