"""Shipped data of filing: the month in which a region's declaration year begins."""

from __future__ import annotations

from functools import cache
from typing import Any

from services.collection.common.store import shipped as common_shipped_store


@cache
def _data() -> dict[str, Any]:
    content: dict[str, Any] = common_shipped_store.read("filing.json")
    return content


def year_begins_month(region: str) -> int:
    """Return the first month of a region's declaration year."""
    rows = _data()["regions"]
    row = next((row for row in rows if row["region"] == region), _data()["default"])
    return int(row["year_begins_month"])
