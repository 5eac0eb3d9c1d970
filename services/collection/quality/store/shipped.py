"""The data shipped for reports on data quality: what has to be free of findings, and how much."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from services.collection.quality.domain.quality import Target
from shared.money import parse_rate

_DATA = files("services.collection") / "data"


@cache
def targets() -> tuple[Target, ...]:
    """How much of what is registered and declared has to be free of findings."""
    content = json.loads((_DATA / "quality_checks.json").read_text(encoding="utf-8"))
    return tuple(
        Target(
            id=row["id"],
            title=row["title"],
            checks=tuple(row["checks"]),
            at_least_ppm=parse_rate(row["at_least"]),
            source=row["source"],
            certain=row["certain"],
        )
        for row in content["targets"]
    )
