"""The shipped data of filing: in which month a region's declaration year begins."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    found = files("services.collection").joinpath("data", "filing.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(found)
    return content


def year_begins_month(region: str) -> int:
    """The first month of a region's declaration year."""
    rows = _data()["regions"]
    row = next((row for row in rows if row["region"] == region), _data()["default"])
    return int(row["year_begins_month"])
