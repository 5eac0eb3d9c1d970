"""Shipped data of the tax bureau's levy items (征收品目)."""

from __future__ import annotations

from functools import cache

from services.collection.common.store import shipped as common_shipped_store
from services.collection.tax.domain.line import LevyItem, LevyItems


@cache
def levy_items() -> LevyItems:
    """Return the insurance and party of each code."""
    return {
        row["code"]: LevyItem(row["insurance"], row["party"])
        for row in common_shipped_store.read("levy_items.json")["items"]
    }
