"""Dated rules of entitlements in the database."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.rule import EntitlementRule, Rules, RuleStatus, RuleTopic
from shared.ids import Ref
from shared.page import read_page

_COLUMNS = """rule_key, id, topic, code, in_force_from, value, source, status, proposed_by,
              decided_by"""


def _rule(*, rule_key: int, id: UUID, topic: str, status: str, **columns: Any) -> EntitlementRule:
    return EntitlementRule(
        ref=Ref(rule_key, id), topic=RuleTopic(topic), status=RuleStatus(status), **columns
    )


async def in_force(tx: AsyncConnection, on: date) -> Rules:
    """Read the rules in force on a day: of each topic and code the latest, as last corrected."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (topic, code) topic, code, value
              FROM entitlement_rule
             WHERE status = 'approved' AND in_force_from <= :day
             ORDER BY topic, code, in_force_from DESC, decided_at DESC NULLS LAST
        """),
        {"day": on},
    )
    return Rules({(RuleTopic(row.topic), row.code): row.value for row in rows})


async def insert(tx: AsyncConnection, rule: EntitlementRule) -> None:
    """Store a proposed rule."""
    await tx.execute(
        text("""
            INSERT INTO entitlement_rule (rule_key, id, topic, code, in_force_from, value, source,
                                          proposed_by)
            VALUES (:rule_key, :id, :topic, :code, :in_force_from, CAST(:value AS jsonb), :source,
                    :proposed_by)
        """),
        {
            "rule_key": rule.ref.key,
            "id": rule.ref.id,
            "topic": rule.topic.value,
            "code": rule.code,
            "in_force_from": rule.in_force_from,
            "value": orjson.dumps(rule.value).decode(),
            "source": rule.source,
            "proposed_by": rule.proposed_by,
        },
    )


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> EntitlementRule | None:
    """Read a rule; `lock` it for the rest of the transaction before deciding it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM entitlement_rule
                 WHERE rule_key = :rule_key AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"rule_key": ref.key, "id": ref.id},
        )
    ).first()
    return _rule(**row._mapping) if row else None


async def decide(tx: AsyncConnection, ref: Ref, status: RuleStatus, decided_by: str) -> None:
    """Store the decision about a proposed rule."""
    await tx.execute(
        text("""
            UPDATE entitlement_rule
               SET status = :status, decided_by = :decided_by, decided_at = now()
             WHERE rule_key = :rule_key AND id = :id AND status = 'proposed'
        """),
        {"rule_key": ref.key, "id": ref.id, "status": status.value, "decided_by": decided_by},
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[EntitlementRule]:
    """Read rules by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM entitlement_rule",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_rule,
        equal=filters,
    )
