"""The catalogue of quality: the checks, what they look at, and the targets of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.quality.domain.quality import Check, CheckKind, QualityCatalogue, Target
from shared.money import parse_rate


async def catalogue(tx: AsyncConnection) -> QualityCatalogue:
    """Read the catalogue."""
    return catalogue_from(await city_rule_store.content(tx, CityRule.QUALITY_CHECKS))


def catalogue_from(content: Mapping[str, Any]) -> QualityCatalogue:
    """Make the catalogue of a document."""
    return QualityCatalogue(
        checks=tuple(
            Check(**{**check, "kind": CheckKind(check["kind"])}) for check in content["checks"]
        ),
        subjects=content["subjects"],
        targets=tuple(
            Target(
                id=row["id"],
                title=row["title"],
                checks=tuple(row["checks"]),
                at_least_ppm=parse_rate(row["at_least"]),
                source=row["source"],
                certain=row["certain"],
            )
            for row in content["targets"]
        ),
    )


def steps() -> int:
    """Count the checks and targets; a city changes their limits, never their number."""
    found = city_rule_store.shipped(CityRule.QUALITY_CHECKS)
    return len(found["checks"]) + len(found["targets"])
