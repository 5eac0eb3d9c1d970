"""The shipped catalogue of reasons for waiving late fees and interest (减免原因)."""

from __future__ import annotations

from datetime import date
from functools import cache

from services.collection.arrears.domain.waiver import WaiverReason
from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy.domain.charge import ChargeKind


@cache
def waiver_reasons() -> tuple[WaiverReason, ...]:
    """Read the reasons. Each is in force on its own days."""
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
        for row in common_shipped_store.read("waiver_reasons.json")["reasons"]
    )
