"""The city's own rules (本市规则): documents that two people correct, else as they are shipped.

Each document is a JSON file of `services/collection/data`. A correction writes a further version of the
whole document; the versions before it stay. Each subject reads its own document and makes its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import shipped as common_shipped_store


class CityRule(StrEnum):
    """The documents that a city may correct. Their names are those of the shipped files."""

    CUT_OFFS = "summary_calendar"
    FILING = "filing"
    LEVY_ITEMS = "levy_items"
    NOTICE_TEXTS = "notice_texts"
    QUALITY_CHECKS = "quality_checks"
    RETURN_CODES = "return_codes"
    WAIVER_REASONS = "waiver_reasons"


@dataclass(frozen=True, slots=True, kw_only=True)
class CityRuleVersion:
    """A version of a document; version 0 is the shipped one."""

    rule: CityRule
    version: int
    content: Any
    reason: str
    set_by: str
    set_at: datetime | None


async def content(tx: AsyncConnection, rule: CityRule) -> Any:
    """Read a document as it is in force."""
    found = await versions(tx, rule, limit=1)
    return found[0].content if found else shipped(rule)


async def versions(
    tx: AsyncConnection, rule: CityRule, limit: int = 100
) -> Sequence[CityRuleVersion]:
    """Read the versions that two people wrote, the newest first."""
    rows = await tx.execute(
        text("""
            SELECT version, CAST(content AS text) AS content, reason, set_by, set_at
              FROM city_rule WHERE rule = :rule ORDER BY version DESC LIMIT :limit
        """),
        {"rule": rule.value, "limit": limit},
    )
    return [
        CityRuleVersion(
            rule=rule,
            version=row.version,
            content=orjson.loads(row.content),
            reason=row.reason,
            set_by=row.set_by,
            set_at=row.set_at,
        )
        for row in rows
    ]


@cache
def shipped(rule: CityRule) -> Any:
    """Read a document as it is shipped."""
    return common_shipped_store.read(f"{rule.value}.json")
