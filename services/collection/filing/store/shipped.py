"""The month in which a region's declaration year begins."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule


async def year_begins_month(tx: AsyncConnection, region: str) -> int:
    """Read the first month of a region's declaration year."""
    found = await city_rule_store.content(tx, CityRule.FILING)
    rows = found["regions"]
    row = next((row for row in rows if row["region"] == region), found["default"])
    return int(row["year_begins_month"])
