"""Shipped data of quality: the checks, what they look at, and the targets of a report."""

from __future__ import annotations

from functools import cache

from services.collection.common.store import shipped as common_shipped_store
from services.collection.quality.domain.quality import Check, CheckKind, Target
from shared.money import parse_rate

_FILE = "quality_checks.json"


@cache
def checks() -> tuple[Check, ...]:
    """Return the checks of registered and declared data."""
    return tuple(
        Check(**{**check, "kind": CheckKind(check["kind"])})
        for check in common_shipped_store.read(_FILE)["checks"]
    )


@cache
def subjects() -> dict[str, str]:
    """Return the Chinese names of what the checks look at."""
    found: dict[str, str] = common_shipped_store.read(_FILE)["subjects"]
    return found


@cache
def targets() -> tuple[Target, ...]:
    """Return the targets: the share of registered and declared data that must pass its checks."""
    return tuple(
        Target(
            id=row["id"],
            title=row["title"],
            checks=tuple(row["checks"]),
            at_least_ppm=parse_rate(row["at_least"]),
            source=row["source"],
            certain=row["certain"],
        )
        for row in common_shipped_store.read(_FILE)["targets"]
    )
