"""The catalogue of reasons for waiving late fees and interest (减免原因)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.waiver import WaiverReason
from services.collection.common.store import city_rule as city_rule_store
from services.collection.common.store.city_rule import CityRule
from services.collection.policy.domain.charge import ChargeKind


async def waiver_reasons(tx: AsyncConnection) -> tuple[WaiverReason, ...]:
    """Read the reasons. Each is in force on its own days."""
    return reasons_from(await city_rule_store.content(tx, CityRule.WAIVER_REASONS))


def reasons_from(content: Mapping[str, Any]) -> tuple[WaiverReason, ...]:
    """Make the reasons of a document."""
    return tuple(
        WaiverReason(
            code=row["code"],
            text=row["text"],
            kinds=tuple(ChargeKind(kind) for kind in row["kinds"]),
            in_force_from=date.fromisoformat(row["in_force_from"]),
            in_force_to=date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else None,
            source=row["source"],
            certain=row["certain"],
        )
        for row in content["reasons"]
    )
