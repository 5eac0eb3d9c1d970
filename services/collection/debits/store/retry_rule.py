"""The shipped rules of retries (再扣规则)."""

from __future__ import annotations

from datetime import date
from functools import cache

from services.collection.common.store import shipped as common_shipped_store
from services.collection.debits.domain.retry import RetryRule


@cache
def retry_rules() -> tuple[RetryRule, ...]:
    """Read the rules. Each is in force on its own days."""
    return tuple(
        RetryRule(
            reason_class=row["class"],
            retries=row["retries"],
            after_workdays=row["after_workdays"],
            in_force_from=date.fromisoformat(row["in_force_from"]),
            in_force_to=date.fromisoformat(row["in_force_to"]) if row["in_force_to"] else None,
        )
        for row in common_shipped_store.read("debit_retries.json")["rules"]
    )
