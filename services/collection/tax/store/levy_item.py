"""The tax bureau's levy items (征收品目)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.tax.domain.line import LevyItem, LevyItems


async def levy_items(tx: AsyncConnection) -> LevyItems:
    """Read the insurance and party of each code."""
    found = await city_rule_store.content(tx, CityRule.LEVY_ITEMS)
    return {row["code"]: LevyItem(row["insurance"], row["party"]) for row in found["items"]}
